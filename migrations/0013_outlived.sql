-- What an erase reaches when it is repeated, what outlives its retention, and what is found by its key.

-- An erase looks back from when the person asked for it (D62), also when an operator repeats it days later: what was
-- made since is theirs to keep (D127).
CREATE FUNCTION almanac.erase_before(p_erase almanac.jobs) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN coalesce((p_erase.payload ->> 'before')::timestamptz, p_erase.created_at);
GRANT EXECUTE ON FUNCTION almanac.erase_before TO almanac_worker;

-- Retry, as before; an erase takes its moment along.
CREATE OR REPLACE FUNCTION almanac.retry_job(p_id uuid, p_new uuid, p_key text, p_trace text, p_request_id text)
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
    VALUES (p_new, v_user, v_old.kind, v_old.lane, v_old.exclusive_key,
            CASE WHEN v_old.kind = 'account.erase'
                 THEN v_old.payload || jsonb_build_object('before', almanac.erase_before(v_old))
                 ELSE v_old.payload END,
            v_old.subject_type,
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

-- The steps of an erase, as before.
CREATE OR REPLACE FUNCTION almanac.erase_stop(p_job uuid, p_epoch bigint) RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_before timestamptz := almanac.erase_before(v_me);
    v_other uuid;
    v_state text;
BEGIN
    FOR v_other IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_before
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

CREATE OR REPLACE FUNCTION almanac.erase_some(p_job uuid, p_epoch bigint, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_before timestamptz := almanac.erase_before(v_me);
    v_gone bigint := almanac.erase_content(v_me.user_id, v_before, p_max);
BEGIN
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.idempotency_keys k
     WHERE k.user_id = v_me.user_id
       AND NOT EXISTS (SELECT FROM almanac.jobs j WHERE j.id = k.job_id AND j.created_at > v_before);
    DELETE FROM almanac.accepts
     WHERE user_id = v_me.user_id AND family <> 'erase' AND at <= v_before;

    -- Events have no key to their job and go by hand; model calls go with it.
    WITH gone AS (
        DELETE FROM almanac.jobs
         WHERE id IN (
               SELECT j.id FROM almanac.jobs j
                WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_before
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
                WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_before
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

-- The content of an erase and what a retried job is made from, as before; generations are found by their whole key, of
-- which the person is the first half: by the second alone they are not found at all but searched for.
CREATE OR REPLACE FUNCTION almanac.erase_content(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
    DELETE FROM almanac.ai_generations
     WHERE user_id = p_user
       AND id IN (SELECT g.id FROM almanac.ai_generations g
                   WHERE g.user_id = p_user AND g.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    -- Piece by piece, so that a run or an entry made after the erase was asked for keeps its calendar (D62). A run goes
    -- with at most some hundred entries of its own.
    DELETE FROM almanac.calendar_runs
     WHERE user_id = p_user
       AND id IN (SELECT r.id FROM almanac.calendar_runs r
                   WHERE r.user_id = p_user AND r.created_at <= p_before LIMIT 5);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.calendar_entries
     WHERE user_id = p_user
       AND id IN (SELECT e.id FROM almanac.calendar_entries e
                   WHERE e.user_id = p_user AND e.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.calendars
     WHERE user_id = p_user
       AND id IN (SELECT c.id FROM almanac.calendars c
                   WHERE c.user_id = p_user AND c.created_at <= p_before
                     AND NOT EXISTS (SELECT FROM almanac.calendar_runs r
                                      WHERE r.user_id = c.user_id AND r.calendar_id = c.id)
                     AND NOT EXISTS (SELECT FROM almanac.calendar_entries e
                                      WHERE e.user_id = c.user_id AND e.calendar_id = c.id)
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    RETURN almanac.erase_brands(p_user, p_before, p_max);
END
$$;

CREATE OR REPLACE FUNCTION almanac.remake(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_calendar uuid;
    v_version int;
BEGIN
    CASE p_old.kind
        WHEN 'flashcards.generate' THEN
            INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
            SELECT p_new, g.user_id, g.source_text, g.model, g.prompt_version
              FROM almanac.ai_generations g
             WHERE g.user_id = p_old.user_id AND g.id = p_old.id AND g.source_text IS NOT NULL;
            RETURN FOUND;
        WHEN 'calendar.generate' THEN
            SELECT r.calendar_id INTO v_calendar FROM almanac.calendar_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
            UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
             WHERE c.user_id = p_old.user_id AND c.id = v_calendar
            RETURNING c.version INTO v_version;
            INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id, model,
                                               prompt_version)
            SELECT p_new, r.user_id, r.calendar_id, v_version, r.first, r.request, r.slots, r.plan_id, r.model,
                   r.prompt_version
              FROM almanac.calendar_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id AND v_version IS NOT NULL;
            RETURN FOUND;
        WHEN 'organic.generate' THEN
            INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version)
            SELECT p_new, r.user_id, r.brand_id, r.week_start, r.request, r.model, r.prompt_version
              FROM almanac.organic_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
            RETURN FOUND;
        ELSE
            RETURN true;
    END CASE;
END
$$;

-- Finish, as before. Whoever leaves its domain's row to this function leaves its calls to it too: one that is open at
-- this moment was made by nobody knows what outcome (M6).
CREATE OR REPLACE FUNCTION almanac.finish(
    p_id uuid, p_epoch bigint, p_state text, p_error jsonb, p_data text, p_reflect boolean DEFAULT true)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    UPDATE almanac.jobs
       SET state = p_state, error = p_error, finished_at = clock_timestamp(), last_seq = last_seq + 1,
           epoch = CASE WHEN p_epoch IS NULL THEN epoch + 1 ELSE epoch END,
           lease_owner = NULL, lease_expires_at = NULL
     WHERE id = p_id
       AND CASE WHEN p_epoch IS NULL THEN state = 'queued' ELSE state = 'running' AND epoch = p_epoch END
    RETURNING * INTO v_job;
    IF NOT FOUND THEN
        IF p_epoch IS NULL THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    VALUES (p_id, v_job.last_seq, almanac.final_type(v_job.kind), coalesce(p_data, almanac.final_data(v_job)));
    IF p_reflect THEN
        UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
         WHERE job_id = p_id AND state = 'started';
        PERFORM almanac.reflect(v_job);
    END IF;
    RETURN v_job.last_seq;
END
$$;

-- How far forgetting has come (D33): everything that ended before this moment has been seen to. Without it each round
-- would look through all that has ended since the beginning, to find next to nothing.
CREATE TABLE almanac.retention (
    what text PRIMARY KEY,
    upto timestamptz NOT NULL
);
INSERT INTO almanac.retention (what, upto) VALUES ('events', '-infinity'), ('texts', '-infinity');
ALTER TABLE almanac.retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.retention FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.retention TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON almanac.retention TO almanac_worker USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON almanac.retention TO almanac_worker;

-- Of ended jobs by the time of their end; with a condition that no other implies (D124).
CREATE INDEX jobs_ended ON almanac.jobs (finished_at) WHERE CASE WHEN finished_at IS NULL THEN false ELSE true END;

-- The next jobs whose retention of p_days is over, oldest first; how far that is, is kept with the transaction. Of two
-- workers that forget at once, the second finds nothing to do.
CREATE FUNCTION almanac.outlived(p_what text, p_days int, p_max int) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    v_before timestamptz := clock_timestamp() - make_interval(days => p_days);
    v_from timestamptz;
    v_upto timestamptz;
    v_jobs uuid[];
BEGIN
    SELECT r.upto INTO v_from FROM almanac.retention r WHERE r.what = p_what FOR UPDATE SKIP LOCKED;
    SELECT array_agg(o.id), max(o.finished_at) INTO v_jobs, v_upto
      FROM (SELECT j.id, j.finished_at FROM almanac.jobs j
             WHERE CASE WHEN j.finished_at IS NULL THEN false ELSE true END
               AND j.finished_at > v_from AND j.finished_at < v_before
             ORDER BY j.finished_at
             FETCH FIRST p_max ROWS WITH TIES) AS o;
    UPDATE almanac.retention SET upto = v_upto WHERE what = p_what AND v_upto IS NOT NULL;
    RETURN v_jobs;
END
$$;

-- Forgets the events of so many jobs; answers of how many, 0 when there are none left.
CREATE FUNCTION almanac.forget_events(p_days int, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_jobs uuid[] := almanac.outlived('events', p_days, p_max);
BEGIN
    DELETE FROM almanac.job_events WHERE job_id = ANY (v_jobs);
    RETURN coalesce(cardinality(v_jobs), 0);
END
$$;

-- Forgets what models were given and said raw for so many jobs: the texts of generations, and what errors quote of an
-- answer. What a person sent as a run's request is a part of the run, and goes with it.
CREATE FUNCTION almanac.forget_texts(p_days int, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_jobs uuid[] := almanac.outlived('texts', p_days, p_max);
BEGIN
    UPDATE almanac.llm_calls SET error = error - 'excerpt' WHERE job_id = ANY (v_jobs) AND error ? 'excerpt';
    UPDATE almanac.jobs SET error = error - 'excerpt' WHERE id = ANY (v_jobs) AND error ? 'excerpt';
    UPDATE almanac.ai_generations g SET source_text = NULL, error = g.error - 'excerpt'
      FROM almanac.jobs j
     WHERE j.id = ANY (v_jobs) AND g.user_id = j.user_id AND g.id = j.id;
    UPDATE almanac.calendar_runs r SET error = r.error - 'excerpt'
      FROM almanac.jobs j
     WHERE j.id = ANY (v_jobs) AND r.user_id = j.user_id AND r.id = j.id AND r.error ? 'excerpt';
    UPDATE almanac.organic_runs r SET error = r.error - 'excerpt'
      FROM almanac.jobs j
     WHERE j.id = ANY (v_jobs) AND r.user_id = j.user_id AND r.id = j.id AND r.error ? 'excerpt';
    RETURN coalesce(cardinality(v_jobs), 0);
END
$$;
GRANT EXECUTE ON FUNCTION almanac.outlived, almanac.forget_events, almanac.forget_texts TO almanac_worker;
