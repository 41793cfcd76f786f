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

-- Start, as before; job by job in the order of their ids, as every batch goes. A row that somebody else holds at this
-- moment is waited for: it is being claimed, or ends, and neither takes long.
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
    v_want record;
BEGIN
    FOR v_want IN
        SELECT DISTINCT ON (u.id) u.id, u.call FROM unnest(p_ids, p_calls) AS u (id, call) ORDER BY u.id
    LOOP
        UPDATE almanac.jobs j
           SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner, lease_expires_at = v_now + p_lease,
               started_at = coalesce(j.started_at, v_now),
               deadline_at = coalesce(j.deadline_at, v_now + j.time_limit)
         WHERE j.state = 'queued' AND j.run_at <= clock_timestamp() AND (p_alone IS NULL OR j.crashes < p_alone)
           AND j.id = v_want.id
        RETURNING j.* INTO job;
        CONTINUE WHEN NOT FOUND;
        v_started := v_started + 1;
        call := NULL;
        brief := NULL;
        -- A generation that runs is told by its job's row; the other domains' rows say it themselves.
        IF (job).kind <> 'flashcards.generate' THEN
            IF (job).epoch = 1 THEN
                PERFORM almanac.reflect(job);
            END IF;
        ELSIF (job).epoch = 1 AND p_provider IS NOT NULL THEN
            call := v_want.call;
            INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
            VALUES (call, (job).id, (job).epoch, 'cards', p_provider, (job).payload ->> 'model');
            SELECT g.source_text INTO brief
              FROM almanac.ai_generations g
             WHERE g.user_id = (job).user_id AND g.id = (job).id;
        END IF;
        RETURN NEXT;
    END LOOP;
    IF p_alone IS NOT NULL AND v_started < cardinality(p_ids) THEN
        -- With a limit each is looked up for itself; a join of both lists may be planned as a walk over all keys.
        SELECT array_agg(j.id) INTO v_wary
          FROM unnest(p_ids) AS w (id)
         CROSS JOIN LATERAL (
               SELECT j.id FROM almanac.jobs j
                WHERE j.id = w.id AND j.state = 'queued' AND j.crashes >= p_alone
                LIMIT 1) AS j;
        IF v_wary IS NOT NULL THEN
            RETURN QUERY SELECT c, NULL::uuid, NULL::text FROM almanac.claim(v_wary, p_owner, p_lease, p_alone) AS c;
        END IF;
    END IF;
END
$$;

-- The ends of generations, as before; each job, its call and its generation are written by their keys, and what there is
-- many of, suggestions and events, in one statement for all.
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
DECLARE
    v_end record;
    v_user uuid;
    v_kind text;
    -- By place: the owner, and the seq before the first event, of those whose lease still held.
    v_users uuid[] := array_fill(NULL::uuid, ARRAY[cardinality(p_jobs)]);
    v_before bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(p_jobs)]);
BEGIN
    FOR v_end IN
        SELECT t.*, coalesce(e.events, 0) AS events
          FROM unnest(p_jobs, p_epochs, p_afters, p_progress, p_calls, p_call_states, p_tokens_input, p_tokens_output,
                      p_costs, p_provider_refs, p_call_errors, p_metadata, p_states, p_errors, p_finals) WITH ORDINALITY
            AS t (job, epoch, after, progress, call, call_state, tokens_input, tokens_output, cost, provider_ref,
                  call_error, metadata, state, error, final, place)
          LEFT JOIN (SELECT of, count(*) AS events FROM unnest(p_e_of) AS of GROUP BY of) AS e ON e.of = t.place
         ORDER BY t.job
    LOOP
        UPDATE almanac.jobs j
           SET state = v_end.state, error = v_end.error, finished_at = clock_timestamp(),
               last_seq = j.last_seq + v_end.events + 1, progress = coalesce(v_end.progress, j.progress),
               lease_owner = NULL, lease_expires_at = NULL
         WHERE j.epoch = v_end.epoch AND j.state = 'running' AND j.id = v_end.job
        RETURNING j.user_id, j.last_seq, j.kind INTO v_user, seq, v_kind;
        CONTINUE WHEN NOT FOUND;
        IF v_end.call IS NOT NULL THEN
            UPDATE almanac.llm_calls c
               SET state = v_end.call_state, tokens_input = v_end.tokens_input, tokens_output = v_end.tokens_output,
                   cost_usd = v_end.cost::numeric, provider_ref = v_end.provider_ref, error = v_end.call_error,
                   finished_at = clock_timestamp()
             WHERE c.id = v_end.call AND c.state = 'started';
        END IF;
        UPDATE almanac.ai_generations g
           SET status = CASE WHEN v_end.state IN ('succeeded', 'cancelled') THEN v_end.state ELSE 'failed' END,
               error = v_end.error, finished_at = clock_timestamp(), ai_metadata = v_end.metadata,
               (tokens_input, tokens_output, cost_usd) = (
                   SELECT sum(c.tokens_input), sum(c.tokens_output), sum(c.cost_usd)
                     FROM almanac.llm_calls c
                    WHERE c.job_id = v_end.job)
         WHERE g.user_id = v_user AND g.id = v_end.job;
        INSERT INTO almanac.job_events (job_id, seq, type, data)
        VALUES (v_end.job, seq, almanac.final_type(v_kind), v_end.final);
        n := v_end.place;
        v_users[n] := v_user;
        v_before[n] := seq - v_end.events - 1;
        RETURN NEXT;
    END LOOP;
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT s.id, v_users[s.of], p_jobs[s.of], p_afters[s.of] + row_number() OVER (PARTITION BY s.of ORDER BY s.place)::int,
           s.front_key, s.front, s.back
      FROM unnest(p_s_of, p_s_ids, p_s_keys, p_s_fronts, p_s_backs) WITH ORDINALITY
        AS s (of, id, front_key, front, back, place)
     WHERE v_users[s.of] IS NOT NULL;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_jobs[e.of], v_before[e.of] + row_number() OVER (PARTITION BY e.of ORDER BY e.place), e.type, e.data
      FROM unnest(p_e_of, p_e_types, p_e_data) WITH ORDINALITY AS e (of, type, data, place)
     WHERE v_users[e.of] IS NOT NULL;
END
$$;

-- Renew, as before; job by job in the order of their ids.
CREATE OR REPLACE FUNCTION almanac.renew(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_held record;
BEGIN
    FOR v_held IN SELECT u.job, u.epoch FROM unnest(p_ids, p_epochs) AS u (job, epoch) ORDER BY u.job LOOP
        UPDATE almanac.jobs j
           SET lease_expires_at = clock_timestamp() + p_lease
         WHERE j.id = v_held.job AND j.epoch = v_held.epoch AND j.state = 'running'
        RETURNING j.id, j.cancel_requested_at IS NOT NULL INTO id, cancel_requested;
        IF FOUND THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
