-- What operators do to other people's jobs (retry), and what a person may ask of everything of theirs (erase).
-- Both are accepted as jobs by one function each; neither lets its caller write a row of the jobs tables directly.

-- For the operators' list of poison. On columns that never change or are in predicates already, so it costs an accept
-- one comparison and an update nothing.
CREATE INDEX jobs_dead ON almanac.jobs (id) WHERE state = 'dead';

-- What a retried job makes is made anew under the new job's id: its own resource, of the same order (D44).
-- False when what the order was made from is no longer kept. Each domain's migration replaces this with one branch more.
CREATE FUNCTION almanac.remake(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    CASE p_old.kind
        WHEN 'flashcards.generate' THEN
            INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
            SELECT p_new, g.user_id, g.source_text, g.model, g.prompt_version
              FROM almanac.ai_generations g
             WHERE g.id = p_old.id AND g.source_text IS NOT NULL;
            RETURN FOUND;
        ELSE
            RETURN true;
    END CASE;
END
$$;

-- Retry, by an operator: a new job, with a new log, in the name of the old one's owner; no limit counts it.
-- Outcomes: new · replay (same key) · missing · unfinished (not final yet) · active (its slot is taken, or an erase of
-- the owner's data is on its way, which must not be outrun) · gone (what it was made from is no longer kept).
-- Every outcome but `new` and `replay` has to be rolled back. Takes the lock that accept() takes.
CREATE FUNCTION almanac.retry_job(p_id uuid, p_new uuid, p_key text, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, job_kind text, job_lane text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
    v_route text := 'POST /v1/admin/jobs/' || p_id || '/retry';
    v_user uuid;
    v_old almanac.jobs;
    v_now timestamptz;
BEGIN
    SELECT j.user_id INTO v_user FROM almanac.jobs j WHERE j.id = p_id;
    PERFORM pg_advisory_xact_lock(hashtextextended(v_user::text, 7311));
    v_now := clock_timestamp();
    SELECT * INTO v_old FROM almanac.jobs j WHERE j.id = p_id FOR SHARE;
    IF NOT FOUND THEN
        outcome := 'missing';
        RETURN NEXT;
        RETURN;
    END IF;
    job_id := p_id;
    job_kind := v_old.kind;
    job_lane := v_old.lane;

    IF p_key IS NOT NULL THEN
        SELECT k.job_id INTO job_id FROM almanac.idempotency_keys k
         WHERE k.user_id = v_user AND k.route = v_route AND k.key = p_key AND k.expires_at > v_now;
        IF FOUND THEN
            outcome := 'replay';
            RETURN NEXT;
            RETURN;
        END IF;
        job_id := p_id;
    END IF;

    IF v_old.finished_at IS NULL THEN
        outcome := 'unfinished';
        RETURN NEXT;
        RETURN;
    END IF;

    SELECT j.id, j.kind INTO job_id, job_kind FROM almanac.jobs j
     WHERE j.user_id = v_user AND j.exclusive_key IN ('erase', v_old.exclusive_key)
       AND j.state IN ('queued', 'running')
     LIMIT 1;
    IF FOUND THEN
        outcome := 'active';
        RETURN NEXT;
        RETURN;
    END IF;
    job_id := p_new;
    job_kind := v_old.kind;

    INSERT INTO almanac.jobs (id, user_id, kind, lane, exclusive_key, payload, subject_type, subject_id, retry_of,
                              start_by, time_limit, trace, request_id, run_at, created_at)
    VALUES (p_new, v_user, v_old.kind, v_old.lane, v_old.exclusive_key, v_old.payload, v_old.subject_type,
            CASE WHEN v_old.subject_id = p_id::text THEN p_new::text ELSE v_old.subject_id END, p_id,
            v_now + (v_old.start_by - v_old.created_at), v_old.time_limit, p_trace, p_request_id, v_now, v_now);
    IF NOT almanac.remake(v_old, p_new) THEN
        outcome := 'gone';
        RETURN NEXT;
        RETURN;
    END IF;
    IF p_key IS NOT NULL THEN
        INSERT INTO almanac.idempotency_keys AS k (user_id, route, key, fingerprint, job_id, answer, expires_at)
        VALUES (v_user, v_route, p_key, '', p_new, json_build_object('id', p_new)::text, v_now + interval '24 hours')
        ON CONFLICT (user_id, route, key) DO UPDATE SET job_id = excluded.job_id, answer = excluded.answer,
            expires_at = excluded.expires_at;
    END IF;
    outcome := 'new';
    RETURN NEXT;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.retry_job TO almanac_admin;

-- Accepts the erase of everything of the caller. One at a time: while one is on its way the outcome is `active` and
-- names it. What the person makes after this moment is theirs to keep: an erase looks back, never forward.
CREATE FUNCTION almanac.submit_erase(p_job uuid, p_limit int, p_window int, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, remaining int, reset_seconds int)
LANGUAGE sql
AS $$
    SELECT a.outcome, a.job_id, a.remaining, a.reset_seconds
      FROM almanac.accept(
               p_job, 'account.erase', 'account', '{}', 'account', almanac.uid()::text,
               'erase', NULL, NULL, 'DELETE /v1/me/data', NULL, NULL, '{}',
               'erase', p_limit, p_window, p_trace, p_request_id) AS a
$$;
GRANT EXECUTE ON FUNCTION almanac.submit_erase TO authenticated;

-- First step of an erase: the person's other jobs end. Queued ones at once, running ones are asked to; answers those
-- that still run. A row that somebody writes at this moment counts as running and is met again in the next round:
-- waiting for it here could cross a renewal, which locks many rows.
CREATE FUNCTION almanac.erase_stop(p_job uuid, p_epoch bigint) RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_other uuid;
    v_state text;
BEGIN
    FOR v_other IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_me.created_at
           AND j.state IN ('queued', 'running')
    LOOP
        SELECT j.state INTO v_state FROM almanac.jobs j WHERE j.id = v_other FOR UPDATE SKIP LOCKED;
        IF v_state = 'queued' THEN
            PERFORM almanac.finish(v_other, NULL, 'cancelled', jsonb_build_object(
                'code', 'CANCELLED', 'message', 'Cancelled: all data of its owner is being removed.'), NULL);
        ELSIF v_state = 'running' THEN
            UPDATE almanac.jobs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
             WHERE id = v_other;
        END IF;
        IF v_state IS NULL OR v_state = 'running' THEN
            RETURN NEXT v_other;
        END IF;
    END LOOP;
END
$$;

-- The domains' part of an erase: at most p_max things of a person that are not younger than p_before; 0 when none is
-- left. Each domain's migration replaces this with its tables added, children by their keys' cascade.
CREATE FUNCTION almanac.erase_content(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
    DELETE FROM almanac.ai_generations
     WHERE id IN (SELECT g.id FROM almanac.ai_generations g
                   WHERE g.user_id = p_user AND g.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;

-- One batch of an erase, under the fence: content first, then what only the platform kept. 0 when nothing is left.
-- Short on purpose: the fence holds the job's row, and a renewal that waits for it holds up every lease of its process.
-- Effects stay, with their hashes, and with them the bare rows of their jobs: they prove what was sent and that it is
-- never sent again. The log of accepted erases stays too, or erasing would wipe out its own limit.
CREATE FUNCTION almanac.erase_some(p_job uuid, p_epoch bigint, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_gone bigint := almanac.erase_content(v_me.user_id, v_me.created_at, p_max);
BEGIN
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.idempotency_keys k
     WHERE k.user_id = v_me.user_id
       AND NOT EXISTS (SELECT FROM almanac.jobs j WHERE j.id = k.job_id AND j.created_at > v_me.created_at);
    DELETE FROM almanac.accepts
     WHERE user_id = v_me.user_id AND family <> 'erase' AND at <= v_me.created_at;

    -- Events have no key to their job and go by hand; model calls go with it.
    WITH gone AS (
        DELETE FROM almanac.jobs
         WHERE id IN (
               SELECT j.id FROM almanac.jobs j
                WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_me.created_at
                  AND j.finished_at IS NOT NULL
                  AND NOT EXISTS (SELECT FROM almanac.effects e WHERE e.user_id = j.user_id AND e.job_id = j.id)
                LIMIT p_max)
        RETURNING id),
    events AS (DELETE FROM almanac.job_events WHERE job_id IN (SELECT id FROM gone))
    SELECT count(*) INTO v_gone FROM gone;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    WITH bare AS (
        UPDATE almanac.jobs
           SET payload = '{}', progress = NULL, trace = NULL, request_id = NULL,
               error = CASE WHEN error IS NOT NULL THEN jsonb_build_object('code', error -> 'code') END
         WHERE id IN (
               SELECT j.id FROM almanac.jobs j
                WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_me.created_at
                  AND j.finished_at IS NOT NULL
                  AND (j.payload <> '{}' OR j.progress IS NOT NULL OR j.trace IS NOT NULL OR j.request_id IS NOT NULL
                       OR EXISTS (SELECT FROM almanac.job_events e WHERE e.job_id = j.id)
                       OR EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id))
                LIMIT p_max)
        RETURNING id),
    events AS (DELETE FROM almanac.job_events WHERE job_id IN (SELECT id FROM bare)),
    calls AS (DELETE FROM almanac.llm_calls WHERE job_id IN (SELECT id FROM bare))
    SELECT count(*) INTO v_gone FROM bare;
    RETURN v_gone;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.erase_stop, almanac.erase_content, almanac.erase_some TO almanac_worker;

-- Tail, as before; and a log whose job was erased while somebody listened ends, instead of staying open in silence.
CREATE OR REPLACE FUNCTION almanac.tail(p_jobs uuid[], p_after bigint[], p_max int)
RETURNS TABLE (job_id uuid, seq bigint, type text, data text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT e.job_id, e.seq, e.type, e.data
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
      JOIN almanac.jobs j ON j.id = w.job_id AND j.last_seq > w.after
     CROSS JOIN LATERAL (
           SELECT * FROM almanac.job_events e
            WHERE e.job_id = w.job_id AND e.seq > w.after
            ORDER BY e.seq
            LIMIT p_max) AS e
     UNION ALL
    SELECT w.job_id, w.after + 1, 'done', '{"status":"cancelled","error":{"code":"CANCELLED",'
           '"message":"Removed together with all data of its owner."}}'
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
     WHERE NOT EXISTS (SELECT FROM almanac.jobs j WHERE j.id = w.job_id)
$$;
