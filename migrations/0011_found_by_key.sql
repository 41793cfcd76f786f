-- Jobs that are named are found by their key, however many wait (D124). An index of everything that waits or runs is a
-- short way to a few jobs only while it is short itself: a plan that reads the whole of it to start one job is the
-- cheapest there is in the morning, and goes on reading the whole of it when ten thousand wait.

-- Their conditions are ones that no other condition implies, so that nothing but what says the very same reads them.
CREATE INDEX jobs_waiting ON almanac.jobs (lane, run_at) WHERE CASE state WHEN 'queued' THEN true ELSE false END;
CREATE INDEX jobs_held ON almanac.jobs (lease_expires_at) WHERE CASE state WHEN 'running' THEN true ELSE false END;
DROP INDEX almanac.jobs_due;
DROP INDEX almanac.jobs_leased;

-- Due, reap and lane_load, as before: what asks for all that wait or run.
CREATE OR REPLACE FUNCTION almanac.due(p_lane text, p_older interval, p_max int) RETURNS SETOF uuid
LANGUAGE sql STABLE
AS $$
    SELECT id FROM almanac.jobs
     WHERE lane = p_lane AND CASE state WHEN 'queued' THEN true ELSE false END
       AND run_at <= clock_timestamp() - p_older
     ORDER BY run_at
     LIMIT p_max
$$;

CREATE OR REPLACE FUNCTION almanac.reap(p_max_crashes int) RETURNS TABLE (id uuid, lane text, state text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_id uuid;
    v_job almanac.jobs;
BEGIN
    FOR v_id IN
        SELECT j.id FROM almanac.jobs j
         WHERE CASE j.state WHEN 'running' THEN true ELSE false END AND j.lease_expires_at < clock_timestamp()
         ORDER BY j.lease_expires_at
         LIMIT 200
           FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE almanac.jobs j
           SET state = 'queued', crashes = crashes + 1, lease_owner = NULL, lease_expires_at = NULL
         WHERE j.id = v_id AND j.state = 'running' AND j.lease_expires_at < clock_timestamp()
        RETURNING j.* INTO v_job;
        CONTINUE WHEN NOT FOUND;
        IF v_job.crashes >= p_max_crashes THEN
            PERFORM almanac.finish(v_id, NULL, 'dead', jsonb_build_object(
                'code', 'POISON', 'message', 'This job stopped its worker too often and was given up.'), NULL);
            v_job.state := 'dead';
        END IF;
        id := v_id;
        lane := v_job.lane;
        state := v_job.state;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION almanac.lane_load(p_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT jsonb_build_object(
               'ahead', (SELECT count(*) FROM (
                    SELECT FROM almanac.jobs o
                     WHERE o.lane = j.lane AND CASE o.state WHEN 'queued' THEN true ELSE false END
                       AND o.run_at < j.run_at
                     LIMIT 1000) AS waiting),
               'running', (SELECT count(*) FROM almanac.jobs r
                            WHERE CASE r.state WHEN 'running' THEN true ELSE false END AND r.lane = j.lane))
      FROM almanac.jobs j
     WHERE j.id = p_id
$$;

-- Claim, as before; whether its owner holds one of those that may be poison is asked of what runs.
CREATE OR REPLACE FUNCTION almanac.claim(p_ids uuid[], p_owner text, p_lease interval, p_alone int DEFAULT NULL)
RETURNS SETOF almanac.jobs
LANGUAGE plpgsql
AS $$
DECLARE
    v_id uuid;
    v_job almanac.jobs;
BEGIN
    FOR v_id IN SELECT DISTINCT id FROM unnest(p_ids) AS id ORDER BY id LOOP
        UPDATE almanac.jobs
           SET state = 'running', epoch = epoch + 1, lease_owner = p_owner,
               lease_expires_at = clock_timestamp() + p_lease,
               started_at = coalesce(started_at, clock_timestamp()),
               deadline_at = coalesce(deadline_at, clock_timestamp() + time_limit)
         WHERE id = v_id AND state = 'queued' AND run_at <= clock_timestamp()
           AND (p_alone IS NULL OR crashes < p_alone OR NOT EXISTS (
                SELECT FROM almanac.jobs r
                 WHERE CASE r.state WHEN 'running' THEN true ELSE false END
                   AND r.lease_owner = p_owner AND r.crashes >= p_alone))
        RETURNING * INTO v_job;
        CONTINUE WHEN NOT FOUND;
        IF v_job.epoch = 1 THEN
            PERFORM almanac.reflect(v_job);
        END IF;
        RETURN NEXT v_job;
    END LOOP;
END
$$;

-- Start, as before; of several jobs each is looked up for itself. A join of both lists may be planned as a walk over
-- all keys there are.
CREATE OR REPLACE FUNCTION almanac.start(
    p_ids uuid[], p_calls uuid[], p_owner text, p_lease interval, p_alone int, p_provider text)
RETURNS TABLE (job almanac.jobs, call uuid, brief text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_wary uuid[];
    v_started int := 0;
    v_row record;
BEGIN
    IF cardinality(p_ids) = 1 THEN
        UPDATE almanac.jobs j
           SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner, lease_expires_at = v_now + p_lease,
               started_at = coalesce(j.started_at, v_now),
               deadline_at = coalesce(j.deadline_at, v_now + j.time_limit)
         WHERE j.state = 'queued' AND j.run_at <= clock_timestamp() AND (p_alone IS NULL OR j.crashes < p_alone)
           AND j.id = p_ids[1]
        RETURNING j.* INTO job;
        IF FOUND THEN
            v_started := 1;
            IF (job).kind <> 'flashcards.generate' THEN
                IF (job).epoch = 1 THEN
                    PERFORM almanac.reflect(job);
                END IF;
            ELSIF (job).epoch = 1 AND p_provider IS NOT NULL THEN
                call := p_calls[1];
                INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
                VALUES (call, (job).id, (job).epoch, 'cards', p_provider, (job).payload ->> 'model');
                SELECT g.source_text INTO brief
                  FROM almanac.ai_generations g
                 WHERE g.user_id = (job).user_id AND g.id = (job).id;
            END IF;
            RETURN NEXT;
        END IF;
    ELSE
        FOR v_row IN
            WITH free AS MATERIALIZED (
                SELECT j.id, w.call
                  FROM (SELECT DISTINCT ON (u.id) u.id, u.call FROM unnest(p_ids, p_calls) AS u (id, call)) AS w
                 CROSS JOIN LATERAL (
                       SELECT j.id FROM almanac.jobs j
                        WHERE j.state = 'queued' AND j.run_at <= clock_timestamp() AND (p_alone IS NULL OR j.crashes < p_alone)
                          AND j.id = w.id
                        LIMIT 1
                          FOR UPDATE SKIP LOCKED) AS j),
            started AS (
                UPDATE almanac.jobs j
                   SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner,
                       lease_expires_at = clock_timestamp() + p_lease,
                       started_at = coalesce(j.started_at, clock_timestamp()),
                       deadline_at = coalesce(j.deadline_at, clock_timestamp() + j.time_limit)
                  FROM free f
                 WHERE j.id = f.id
                RETURNING j AS job, f.call),
            opened AS (
                INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
                SELECT s.call, (s.job).id, (s.job).epoch, 'cards', p_provider, (s.job).payload ->> 'model'
                  FROM started s
                 WHERE p_provider IS NOT NULL AND (s.job).kind = 'flashcards.generate' AND (s.job).epoch = 1
                RETURNING id, job_id)
            SELECT s.job AS job, o.id AS call, g.source_text AS brief
              FROM started s
              LEFT JOIN opened o ON o.job_id = (s.job).id
              LEFT JOIN almanac.ai_generations g ON g.user_id = (s.job).user_id AND g.id = o.job_id
        LOOP
            job := v_row.job;
            call := v_row.call;
            brief := v_row.brief;
            v_started := v_started + 1;
            -- A generation that runs is told by its job's row; the other domains' rows say it themselves.
            IF (job).epoch = 1 AND (job).kind <> 'flashcards.generate' THEN
                PERFORM almanac.reflect(job);
            END IF;
            RETURN NEXT;
        END LOOP;
    END IF;
    IF p_alone IS NOT NULL AND v_started < cardinality(p_ids) THEN
        SELECT array_agg(j.id) INTO v_wary FROM almanac.jobs j
         WHERE j.id = ANY (p_ids) AND j.state = 'queued' AND j.crashes >= p_alone;
        IF v_wary IS NOT NULL THEN
            RETURN QUERY SELECT c, NULL::uuid, NULL::text FROM almanac.claim(v_wary, p_owner, p_lease, p_alone) AS c;
        END IF;
    END IF;
END
$$;

-- The ends of generations, as before; each job is looked up for itself.
CREATE OR REPLACE FUNCTION almanac.conclude_generations(
    p_jobs uuid[], p_epochs bigint[], p_afters int[], p_progress jsonb[],
    p_calls uuid[], p_call_states text[], p_tokens_input int[], p_tokens_output int[], p_costs text[],
    p_provider_refs text[], p_call_errors jsonb[], p_metadata jsonb[], p_states text[], p_errors jsonb[],
    p_finals text[],
    p_s_of int[], p_s_ids uuid[], p_s_keys text[], p_s_fronts text[], p_s_backs text[],
    p_e_of int[], p_e_types text[], p_e_data text[])
RETURNS TABLE (n int, seq bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH ending AS MATERIALIZED (
        SELECT t.*, (SELECT count(*) FROM unnest(p_e_of) AS of WHERE of = t.n) AS events
          FROM unnest(p_jobs, p_epochs, p_afters, p_progress, p_calls, p_call_states, p_tokens_input, p_tokens_output,
                      p_costs, p_provider_refs, p_call_errors, p_metadata, p_states, p_errors, p_finals) WITH ORDINALITY
            AS t (job, epoch, after, progress, call, call_state, tokens_input, tokens_output, cost, provider_ref,
                  call_error, metadata, state, error, final, n)),
    fenced AS MATERIALIZED (
        SELECT j.id, e.n
          FROM (SELECT e.job, e.epoch, e.n FROM ending e ORDER BY e.job) AS e
         CROSS JOIN LATERAL (
               SELECT j.id FROM almanac.jobs j
                WHERE j.epoch = e.epoch AND j.state = 'running' AND j.id = e.job
                LIMIT 1
                  FOR UPDATE) AS j),
    held AS (
        UPDATE almanac.jobs j
           SET state = e.state, error = e.error, finished_at = clock_timestamp(),
               last_seq = j.last_seq + e.events + 1, progress = coalesce(e.progress, j.progress),
               lease_owner = NULL, lease_expires_at = NULL
          FROM fenced f
          JOIN ending e ON e.n = f.n
         WHERE j.id = f.id
        RETURNING j.id, j.user_id, j.last_seq, j.kind, e.events, e.after, e.final, e.n),
    suggestions AS (
        INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
        SELECT s.id, h.user_id, h.id, h.after + row_number() OVER (PARTITION BY s.of ORDER BY s.place)::int,
               s.front_key, s.front, s.back
          FROM unnest(p_s_of, p_s_ids, p_s_keys, p_s_fronts, p_s_backs) WITH ORDINALITY
            AS s (of, id, front_key, front, back, place)
          JOIN held h ON h.n = s.of),
    told AS (
        INSERT INTO almanac.job_events (job_id, seq, type, data)
        SELECT h.id, h.last_seq - h.events - 1 + row_number() OVER (PARTITION BY t.of ORDER BY t.place), t.type, t.data
          FROM unnest(p_e_of, p_e_types, p_e_data) WITH ORDINALITY AS t (of, type, data, place)
          JOIN held h ON h.n = t.of
        UNION ALL
        SELECT h.id, h.last_seq, almanac.final_type(h.kind), h.final FROM held h),
    calls AS (
        UPDATE almanac.llm_calls c
           SET state = e.call_state, tokens_input = e.tokens_input, tokens_output = e.tokens_output,
               cost_usd = e.cost::numeric, provider_ref = e.provider_ref, error = e.call_error,
               finished_at = clock_timestamp()
          FROM held h
          JOIN ending e ON e.n = h.n
         WHERE c.id = e.call AND c.state = 'started'),
    generations AS (
        UPDATE almanac.ai_generations g
           SET status = CASE WHEN e.state IN ('succeeded', 'cancelled') THEN e.state ELSE 'failed' END,
               error = e.error, finished_at = clock_timestamp(), ai_metadata = e.metadata,
               tokens_input = t.tokens_input, tokens_output = t.tokens_output, cost_usd = t.cost_usd
          FROM held h
          JOIN ending e ON e.n = h.n
         CROSS JOIN LATERAL (
               -- The call that ends now, and those before it: its row is only being written.
               SELECT sum(a.tokens_input)::int AS tokens_input, sum(a.tokens_output)::int AS tokens_output,
                      sum(a.cost_usd) AS cost_usd
                 FROM (SELECT c.tokens_input, c.tokens_output, c.cost_usd FROM almanac.llm_calls c
                        WHERE c.job_id = h.id AND c.id IS DISTINCT FROM e.call
                       UNION ALL
                       SELECT e.tokens_input, e.tokens_output, e.cost::numeric) AS a) AS t
         WHERE g.user_id = h.user_id AND g.id = h.id)
    SELECT h.n::int, h.last_seq FROM held h;
END
$$;

-- Renew, as before; each job is looked up for itself.
CREATE OR REPLACE FUNCTION almanac.renew(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH mine AS MATERIALIZED (
        SELECT j.id
          FROM (SELECT u.id, u.epoch FROM unnest(p_ids, p_epochs) AS u (id, epoch) ORDER BY u.id) AS held
         CROSS JOIN LATERAL (
               SELECT j.id FROM almanac.jobs j
                WHERE j.epoch = held.epoch AND j.state = 'running' AND j.id = held.id
                LIMIT 1
                  FOR UPDATE) AS j)
    UPDATE almanac.jobs j
       SET lease_expires_at = clock_timestamp() + p_lease
      FROM mine
     WHERE j.id = mine.id
    RETURNING j.id, j.cancel_requested_at IS NOT NULL;
END
$$;
