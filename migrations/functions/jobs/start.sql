-- Claims a batch of jobs. A row that another transaction holds is left out: it is being claimed, or ends, or the poll
-- finds it again. A job that starts for the first time, and whose kind has a first_step and whose payload names the model,
-- also gets the ledger row of its first call here, so that it needs no commit before that call. `call` is the id of that
-- row, null if the job opens its own calls. A null p_provider opens none.
CREATE OR REPLACE FUNCTION almanac.start(
    p_ids uuid[], p_calls uuid[], p_owner text, p_lease interval, p_alone int, p_provider text)
RETURNS TABLE (job almanac.jobs, call uuid)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_free uuid[];
    v_started almanac.jobs[];
    v_calls uuid[];     -- by place in v_started; null: opens its own
    v_wary uuid[];
BEGIN
    -- Each row is looked up for itself; a join of both lists may be planned as a walk over all keys.
    v_free := ARRAY(
        SELECT held.id
          FROM unnest(p_ids) AS w (id)
         CROSS JOIN LATERAL (
               SELECT free.id FROM almanac.jobs free
                 LEFT JOIN almanac.job_kinds k ON k.kind = free.kind
                WHERE free.id = w.id
                  AND free.state = 'queued' AND free.run_at <= clock_timestamp()
                  AND (p_alone IS NULL OR free.crashes < p_alone)
                  AND (free.started_at IS NOT NULL OR free.start_by IS NULL OR free.start_by > v_now)
                  AND (k.on_start IS NULL OR free.started_at IS NOT NULL OR almanac.lock_subject(free))
                  FOR NO KEY UPDATE OF free SKIP LOCKED) AS held);
    IF cardinality(v_free) > 0 THEN
        WITH started AS (
            UPDATE almanac.jobs j
               SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner, lease_expires_at = v_now + p_lease,
                   started_at = coalesce(j.started_at, v_now),
                   deadline_at = coalesce(j.deadline_at, v_now + j.time_limit)
             WHERE j.id = ANY (v_free)
            RETURNING j AS job)
        SELECT array_agg(s.job) INTO v_started FROM started s;
        -- The statement that opens calls locks their table, so it is left out where there is nothing to open.
        v_calls := ARRAY(
            SELECT CASE WHEN j.epoch = 1 AND p_provider IS NOT NULL AND k.first_step IS NOT NULL AND j.payload ? 'model'
                        THEN p_calls[array_position(p_ids, j.id)] END
              FROM generate_subscripts(v_started, 1) AS place
             CROSS JOIN unnest(v_started[place:place]) AS j
              LEFT JOIN almanac.job_kinds k ON k.kind = j.kind
             ORDER BY place);
        IF cardinality(array_remove(v_calls, NULL)) > 0 THEN
            INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
            SELECT c.id, j.id, j.epoch, k.first_step, p_provider, j.payload ->> 'model'
              FROM unnest(v_calls) WITH ORDINALITY AS c (id, place)
             CROSS JOIN unnest(v_started[c.place:c.place]) AS j
              JOIN almanac.job_kinds k ON k.kind = j.kind
             WHERE c.id IS NOT NULL;
        END IF;
        RETURN QUERY SELECT v_started[place], v_calls[place] FROM generate_subscripts(v_started, 1) AS place;
        PERFORM almanac.note_start(ARRAY(SELECT j FROM unnest(v_started) AS j WHERE j.started_at = v_now));
    END IF;
    IF p_alone IS NOT NULL AND cardinality(v_free) < cardinality(p_ids) THEN
        SELECT array_agg(j.id) INTO v_wary
          FROM unnest(p_ids) AS w (id)
         CROSS JOIN LATERAL (
               SELECT j.id FROM almanac.jobs j
                WHERE j.id = w.id AND j.state = 'queued' AND j.crashes >= p_alone
                LIMIT 1) AS j;
        IF v_wary IS NOT NULL THEN
            RETURN QUERY SELECT c, NULL::uuid FROM almanac.claim(v_wary, p_owner, p_lease, p_alone) AS c;
        END IF;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION almanac.start FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.start TO almanac_worker;
