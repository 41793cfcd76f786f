-- Requests that come together are accepted together (D126): what each of them reads and writes is read and written by
-- one statement for all, where until now each had a dozen of its own. That halves what an accept costs Postgres.

-- Of a text this long the bytes alone say that its characters are enough and not too many (UTF-8 takes 1 to 4 for each);
-- to count them takes a twentieth of an accept.
ALTER TABLE almanac.ai_generations
    DROP CONSTRAINT ai_generations_source_text_check,
    ADD CONSTRAINT ai_generations_source_text_check CHECK (
        CASE WHEN octet_length(source_text) BETWEEN 4000 AND 10000 THEN true
             ELSE char_length(source_text) BETWEEN 1000 AND 10000 END);

-- Whose row it is, asked for each row anew: the rows of one statement may be several people's, each written under its
-- own claims. All other policies ask once per statement.
DROP POLICY user_owns ON almanac.ai_generations;
CREATE POLICY user_reads ON almanac.ai_generations FOR SELECT TO authenticated
    USING (user_id = (SELECT almanac.uid()));
CREATE POLICY user_adds ON almanac.ai_generations FOR INSERT TO authenticated
    WITH CHECK (user_id = almanac.uid());

-- Accept, for several requests of several people at once: limit, idempotency and job row as accept() writes them for one,
-- with the same outcomes, for kinds without a slot. One outcome is its own: `busy`, for those whose person's lock somebody
-- else holds at this moment. Nothing is waited for here, so nobody waits for a stranger's lock.
-- The people are taken at the caller's word, so only the API itself may call it, before it becomes anybody.
-- A key that comes twice in one batch is refused as a whole (55000): the second would have to see the first.
CREATE FUNCTION almanac.accept_together(
    p_kind text, p_lane text, p_subject_type text, p_route text, p_family text, p_limit int, p_window int,
    p_users uuid[], p_jobs uuid[], p_payloads jsonb[], p_keys text[], p_fingerprints bytea[], p_answers text[],
    p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, answer text, remaining int, reset_seconds int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
    v_held uuid[];
    v_now timestamptz;
BEGIN
    IF EXISTS (SELECT FROM unnest(p_users, p_keys) AS u (usr, key) WHERE u.key IS NOT NULL
                GROUP BY u.usr, u.key HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'one key twice in one batch' USING errcode = '55000';
    END IF;
    SELECT array_agg(p.usr) INTO v_held FROM (SELECT DISTINCT usr FROM unnest(p_users) AS usr) AS p
     WHERE pg_try_advisory_xact_lock(hashtextextended(p.usr::text, 7311));
    -- What the locks guard is read by a statement of its own, which sees what their last holders left.
    v_now := clock_timestamp();
    RETURN QUERY
    WITH people AS (
        SELECT p.usr, coalesce(l.n, 0) AS last_n, coalesce(l.n - f.n + 1, 0) AS used,
               coalesce(greatest(1, ceil(extract(epoch FROM f.at - v_now) + p_window)), p_window)::int AS reset_in
          FROM unnest(v_held) AS p (usr)
          LEFT JOIN LATERAL (
               SELECT a.n FROM almanac.accepts a
                WHERE a.user_id = p.usr AND a.family = p_family
                ORDER BY a.at DESC, a.n DESC LIMIT 1) AS l ON true
          LEFT JOIN LATERAL (
               SELECT a.n, a.at FROM almanac.accepts a
                WHERE a.user_id = p.usr AND a.family = p_family AND a.at > v_now - make_interval(secs => p_window)
                ORDER BY a.at, a.n LIMIT 1) AS f ON true),
    asked AS (
        -- `fresh` counts the requests of each person that no earlier one answers, up to this one.
        SELECT u.*, p.usr IS NOT NULL AS held, p.last_n, p.used, p.reset_in,
               k.fingerprint AS known, k.job_id AS known_job, k.answer AS known_answer,
               count(*) FILTER (WHERE k.user_id IS NULL) OVER (PARTITION BY u.usr ORDER BY u.ord) AS fresh
          FROM unnest(p_users, p_jobs, p_payloads, p_keys, p_fingerprints, p_answers, p_traces, p_requests)
               WITH ORDINALITY AS u (usr, job, payload, key, fingerprint, answer, trace, request, ord)
          LEFT JOIN people p ON p.usr = u.usr
          LEFT JOIN LATERAL (
               SELECT * FROM almanac.idempotency_keys k
                WHERE k.user_id = u.usr AND k.route = p_route AND k.key = u.key AND k.expires_at > v_now
                LIMIT 1) AS k ON true),
    judged AS MATERIALIZED (
        SELECT a.*,
               CASE WHEN NOT a.held THEN 'busy'
                    WHEN a.known IS NOT NULL THEN CASE WHEN a.known = a.fingerprint THEN 'replay' ELSE 'reused' END
                    WHEN a.used + a.fresh > p_limit THEN 'limited'
                    ELSE 'new' END AS verdict
          FROM asked a),
    job AS (
        INSERT INTO almanac.jobs (id, user_id, kind, lane, payload, subject_type, subject_id, trace, request_id, run_at,
                                  created_at)
        SELECT j.job, j.usr, p_kind, p_lane, j.payload, p_subject_type, j.job::text, j.trace, j.request, v_now, v_now
          FROM judged j WHERE j.verdict = 'new'),
    counted AS (
        INSERT INTO almanac.accepts (user_id, family, n, at)
        SELECT j.usr, p_family, j.last_n + j.fresh, v_now FROM judged j WHERE j.verdict = 'new'),
    keyed AS (
        INSERT INTO almanac.idempotency_keys AS k (user_id, route, key, fingerprint, job_id, answer, expires_at)
        SELECT j.usr, p_route, j.key, j.fingerprint, j.job, j.answer, v_now + interval '24 hours'
          FROM judged j WHERE j.verdict = 'new' AND j.key IS NOT NULL
        ON CONFLICT (user_id, route, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, job_id = excluded.job_id,
            answer = excluded.answer, expires_at = excluded.expires_at)
    SELECT j.ord::int, j.verdict,
           CASE j.verdict WHEN 'new' THEN j.job ELSE j.known_job END,
           CASE j.verdict WHEN 'new' THEN j.answer ELSE j.known_answer END,
           greatest(0, p_limit - j.used - j.fresh)::int, j.reset_in
      FROM judged j;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.accept_together TO almanac_api;

-- Accepts a batch of generations in one commit, each under its own claims. Runs as its caller: the rows are written under
-- row security by `authenticated`. Requests of several people go together; those of one person, and those of a batch in
-- which anything was refused, go one by one, in the order of their people.
-- Without patience nobody's lock is waited for, and whoever met it is `busy`: somebody else shall wait for it, with one
-- person's requests at a time. So no two calls ever wait for each other.
-- It takes the place of submit_generations(), which processes of the version before still call.
CREATE FUNCTION almanac.accept_generations(
    p_users uuid[], p_jobs uuid[], p_texts text[], p_models text[], p_prompts text[],
    p_keys text[], p_fingerprints bytea[], p_answers text[], p_traces text[], p_requests text[],
    p_limit int, p_window int, p_patient boolean)
RETURNS TABLE (n int, outcome text, job_id uuid, answer text, remaining int, reset_seconds int, failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    i record;
    a record;
    v_places int[];
    v_outcomes text[];
    v_ids uuid[];
    v_kept text[];
    v_remaining int[];
    v_resets int[];
    v_waited_for uuid;
BEGIN
    IF p_users[1] <> ANY (p_users) AND NOT p_patient THEN
        BEGIN
            SELECT array_agg(t.n), array_agg(t.outcome), array_agg(t.job_id), array_agg(t.answer),
                   array_agg(t.remaining), array_agg(t.reset_seconds)
              INTO v_places, v_outcomes, v_ids, v_kept, v_remaining, v_resets
              FROM almanac.accept_together(
                   'flashcards.generate', 'flashcards', 'generation', 'POST /v1/ai/generations', 'generation',
                   p_limit, p_window, p_users, p_jobs,
                   ARRAY(SELECT jsonb_build_object('model', m.model, 'prompt_version', m.prompt)
                           FROM unnest(p_models, p_prompts) WITH ORDINALITY AS m (model, prompt, place)
                          ORDER BY m.place),
                   p_keys, p_fingerprints, p_answers, p_traces, p_requests) AS t;
            PERFORM set_config('role', 'authenticated', true);
            -- The claims are made as the row is, and the policy asks for them then.
            INSERT INTO almanac.ai_generations (user_id, id, source_text, model, prompt_version)
            SELECT (set_config('request.jwt.claims', '{"sub":"' || p_users[w.place]::text
                               || '","role":"authenticated"}', true)::json ->> 'sub')::uuid,
                   p_jobs[w.place], p_texts[w.place], p_models[w.place], p_prompts[w.place]
              FROM unnest(v_places, v_outcomes) AS w (place, outcome)
             WHERE w.outcome = 'new';
            RETURN QUERY
            SELECT w.*, NULL::text
              FROM unnest(v_places, v_outcomes, v_ids, v_kept, v_remaining, v_resets) AS w;
            RETURN;
        EXCEPTION WHEN OTHERS THEN
            -- One request that is refused costs the others nothing: nothing of them stands, and they go one by one.
            NULL;
        END;
    END IF;
    PERFORM set_config('role', 'authenticated', true);
    FOR i IN
        SELECT * FROM unnest(p_users, p_jobs, p_texts, p_models, p_prompts, p_keys, p_fingerprints, p_answers,
                             p_traces, p_requests) WITH ORDINALITY
            AS t (usr, job, source_text, model, prompt, key, fingerprint, answer, trace, request, ord)
        ORDER BY t.usr, t.ord
    LOOP
        n := i.ord::int;
        failure := NULL;
        -- accept() takes the same lock, by the same name; who has it does not wait for it.
        IF NOT p_patient AND NOT pg_try_advisory_xact_lock(hashtextextended(i.usr::text, 7311)) THEN
            outcome := 'busy';
            RETURN NEXT;
            CONTINUE;
        END IF;
        BEGIN
            IF i.usr = v_waited_for THEN
                RAISE EXCEPTION 'waited for before' USING errcode = '55P03';
            END IF;
            PERFORM set_config('request.jwt.claims',
                '{"sub":"' || i.usr::text || '","role":"authenticated"}', true);
            a := almanac.accept(
                i.job, 'flashcards.generate', 'flashcards',
                jsonb_build_object('model', i.model, 'prompt_version', i.prompt), 'generation', i.job::text,
                NULL, NULL, NULL, 'POST /v1/ai/generations', i.key, i.fingerprint, i.answer,
                'generation', p_limit, p_window, i.trace, i.request);
            IF a.outcome = 'new' THEN
                INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
                VALUES (i.job, i.usr, i.source_text, i.model, i.prompt);
            END IF;
            outcome := a.outcome;
            job_id := a.job_id;
            answer := a.answer;
            remaining := a.remaining;
            reset_seconds := a.reset_seconds;
        EXCEPTION WHEN OTHERS THEN
            -- One refused item costs the others nothing; its cause goes to the log, never to a client.
            outcome := 'error';
            failure := sqlstate || ' ' || sqlerrm;
            IF sqlstate = '55P03' THEN
                v_waited_for := i.usr;
            END IF;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.accept_generations TO almanac_api;
-- These take people at the caller's word too, so they are for nobody but the API itself either.
REVOKE EXECUTE ON FUNCTION almanac.submit_generations, almanac.look FROM authenticated;
