-- Claims a batch of jobs. A row that another transaction holds is left out: it is being claimed, or ends, or the poll
-- finds it again. A job that starts for the first time, and whose kind has a first_step and whose payload names
-- the model, also gets the ledger row of its first call here, so that it needs no commit before that call. `call` is the id of that row, null if the job opens its
-- own calls. A null p_provider opens none.
CREATE OR REPLACE FUNCTION almanac.start(
    p_ids uuid[], p_calls uuid[], p_owner text, p_lease interval, p_alone int, p_provider text)
RETURNS TABLE (job almanac.jobs, call uuid)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_wary uuid[];
    v_started int := 0;
    v_want record;
    v_step text;
    v_first almanac.jobs[] := '{}';
BEGIN
    FOR v_want IN
        SELECT DISTINCT ON (u.id) u.id, u.call FROM unnest(p_ids, p_calls) AS u (id, call) ORDER BY u.id
    LOOP
        UPDATE almanac.jobs j
           SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner, lease_expires_at = v_now + p_lease,
               started_at = coalesce(j.started_at, v_now),
               deadline_at = coalesce(j.deadline_at, v_now + j.time_limit)
         WHERE j.id = (
               SELECT free.id FROM almanac.jobs free
                 LEFT JOIN almanac.job_kinds k ON k.kind = free.kind
                WHERE free.id = v_want.id
                  AND free.state = 'queued' AND free.run_at <= clock_timestamp()
                  AND (p_alone IS NULL OR free.crashes < p_alone)
                  AND (free.started_at IS NOT NULL OR free.start_by IS NULL OR free.start_by > v_now)
                  AND (k.on_start IS NULL OR free.started_at IS NOT NULL OR almanac.lock_subject(free))
                  FOR NO KEY UPDATE OF free SKIP LOCKED)
        RETURNING j.* INTO job;
        CONTINUE WHEN NOT FOUND;
        v_started := v_started + 1;
        call := NULL;
        IF (job).started_at = v_now THEN
            v_first := v_first || job;
        END IF;
        IF (job).epoch = 1 AND p_provider IS NOT NULL THEN
            SELECT k.first_step INTO v_step FROM almanac.job_kinds k WHERE k.kind = (job).kind;
            IF v_step IS NOT NULL AND (job).payload ? 'model' THEN
                call := v_want.call;
                INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
                VALUES (call, (job).id, (job).epoch, v_step, p_provider, (job).payload ->> 'model');
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
    PERFORM almanac.note_start(v_first);
    IF p_alone IS NOT NULL AND v_started < cardinality(p_ids) THEN
        -- With a limit each is looked up for itself; a join of both lists may be planned as a walk over all keys.
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
