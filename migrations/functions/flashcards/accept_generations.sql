-- Submits a batch of generations in one commit, each under its user's claims. Runs as its caller: the rows are written
-- under row security by `authenticated`. Requests of different users go together; those of one user, and those of a
-- batch in which one was refused, go one by one, in the order of their users.
-- Without p_patience no lock is waited for, and a request that met one is `busy`. The caller repeats it with patience,
-- with the requests of one user only, so no two calls wait for each other.
CREATE OR REPLACE FUNCTION almanac.accept_generations(
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
REVOKE ALL ON FUNCTION almanac.accept_generations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.accept_generations TO almanac_api;
