-- Jobs that start or end together share a statement and a commit (D86). What holds for one alone holds in a batch: a row
-- that is not ours is left out, and rows are locked in the order of their ids or not waited for, so no two batches wait
-- for each other.

-- Start: claim() for many, and for a generation that starts for the first time the ledger row of its first call too:
-- nothing came before that call, so there is nothing to look up in between. `call` is that row's id, `brief` what to ask
-- about; both null where the job opens its own calls. A null p_provider opens none.
-- A row that somebody else holds at this moment is being claimed, or ends: it is left to them, and to the poll.
CREATE FUNCTION almanac.start(
    p_ids uuid[], p_calls uuid[], p_owner text, p_lease interval, p_alone int, p_provider text)
RETURNS TABLE (job almanac.jobs, call uuid, brief text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_wary uuid[];
    v_started int := 0;
    v_row record;
BEGIN
    FOR v_row IN
        WITH free AS MATERIALIZED (
            SELECT j.id, w.call
              FROM (SELECT DISTINCT ON (u.id) u.id, u.call FROM unnest(p_ids, p_calls) AS u (id, call)) AS w
              JOIN almanac.jobs j ON j.id = w.id
             WHERE j.state = 'queued' AND j.run_at <= clock_timestamp() AND (p_alone IS NULL OR j.crashes < p_alone)
             ORDER BY j.id
               FOR UPDATE OF j SKIP LOCKED),
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
    IF p_alone IS NOT NULL AND v_started < cardinality(p_ids) THEN
        SELECT array_agg(j.id) INTO v_wary FROM almanac.jobs j
         WHERE j.id = ANY (p_ids) AND j.state = 'queued' AND j.crashes >= p_alone;
        IF v_wary IS NOT NULL THEN
            RETURN QUERY SELECT c, NULL::uuid, NULL::text FROM almanac.claim(v_wary, p_owner, p_lease, p_alone) AS c;
        END IF;
    END IF;
END
$$;

-- Unclaim: claims whose answer never came, because the store went away in between, are undone by their owner once it is
-- back: nobody works on them, and an outage is not a crash. Calls opened with them were not made.
CREATE FUNCTION almanac.unclaim(p_ids uuid[], p_owner text) RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    FOR v_job IN
        SELECT * FROM almanac.jobs j
         WHERE j.id = ANY (p_ids) AND j.state = 'running' AND j.lease_owner = p_owner
         ORDER BY j.id
           FOR UPDATE
    LOOP
        DELETE FROM almanac.llm_calls c
         WHERE c.job_id = v_job.id AND c.epoch = v_job.epoch AND c.state = 'started';
        UPDATE almanac.jobs SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL WHERE id = v_job.id;
        RETURN NEXT v_job.id;
    END LOOP;
END
$$;

-- The ends of generations, as conclude_generation() writes one: last suggestions and their events, verdict, call, totals
-- over all calls. One row per generation in the first arrays; p_s_of and p_e_of say to which of them (from 1) a
-- suggestion or an event belongs. Returns the place and the final event's seq of those whose lease still held; of the
-- others nothing is written. A refused row refuses the batch: whoever called repeats it one by one.
CREATE FUNCTION almanac.conclude_generations(
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
          FROM ending e
          JOIN almanac.jobs j ON j.id = e.job
         WHERE j.epoch = e.epoch AND j.state = 'running'
         ORDER BY j.id
           FOR UPDATE OF j),
    held AS (
        UPDATE almanac.jobs j
           SET state = e.state, error = e.error, finished_at = clock_timestamp(),
               last_seq = j.last_seq + e.events + 1, progress = coalesce(e.progress, j.progress),
               lease_owner = NULL, lease_expires_at = NULL
          FROM fenced f
          JOIN ending e ON e.n = f.n
         WHERE j.id = f.id
        RETURNING j.id, j.user_id, j.last_seq, j.kind, e.events, e.n),
    suggestions AS (
        INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
        SELECT s.id, h.user_id, h.id, e.after + row_number() OVER (PARTITION BY s.of ORDER BY s.place)::int,
               s.front_key, s.front, s.back
          FROM unnest(p_s_of, p_s_ids, p_s_keys, p_s_fronts, p_s_backs) WITH ORDINALITY
            AS s (of, id, front_key, front, back, place)
          JOIN held h ON h.n = s.of
          JOIN ending e ON e.n = h.n),
    told AS (
        INSERT INTO almanac.job_events (job_id, seq, type, data)
        SELECT h.id, h.last_seq - h.events - 1 + row_number() OVER (PARTITION BY t.of ORDER BY t.place), t.type, t.data
          FROM unnest(p_e_of, p_e_types, p_e_data) WITH ORDINALITY AS t (of, type, data, place)
          JOIN held h ON h.n = t.of
        UNION ALL
        SELECT h.id, h.last_seq, almanac.final_type(h.kind), e.final
          FROM held h
          JOIN ending e ON e.n = h.n),
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

-- Renew, as before; rows are locked in the order of their ids, as every batch does.
CREATE OR REPLACE FUNCTION almanac.renew(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH mine AS MATERIALIZED (
        SELECT j.id
          FROM unnest(p_ids, p_epochs) AS held (id, epoch)
          JOIN almanac.jobs j ON j.id = held.id
         WHERE j.epoch = held.epoch AND j.state = 'running'
         ORDER BY j.id
           FOR UPDATE OF j)
    UPDATE almanac.jobs j
       SET lease_expires_at = clock_timestamp() + p_lease
      FROM mine
     WHERE j.id = mine.id
    RETURNING j.id, j.cancel_requested_at IS NOT NULL;
END
$$;

GRANT EXECUTE ON FUNCTION almanac.start, almanac.unclaim, almanac.conclude_generations TO almanac_worker;
