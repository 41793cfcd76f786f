-- Claims jobs that are queued and due: running, epoch + 1. Returns only what this worker now holds. A row that
-- another transaction holds is left out.
-- An owner holds at most one job that has crashed p_alone times (null: no limit), the oldest first: it may be the one
-- that kills its workers, and must not take others along that are as near to being given up.
CREATE OR REPLACE FUNCTION almanac.claim(p_ids uuid[], p_owner text, p_lease interval, p_alone int DEFAULT NULL)
RETURNS SETOF almanac.jobs
LANGUAGE plpgsql
AS $$
DECLARE
    v_id uuid;
    v_now timestamptz := clock_timestamp();
    v_job almanac.jobs;
BEGIN
    FOR v_id IN SELECT DISTINCT id FROM unnest(p_ids) AS id ORDER BY id LOOP
        UPDATE almanac.jobs
           SET state = 'running', epoch = epoch + 1, lease_owner = p_owner,
               lease_expires_at = clock_timestamp() + p_lease,
               started_at = coalesce(started_at, v_now),
               deadline_at = coalesce(deadline_at, v_now + time_limit)
         WHERE id = (
               SELECT free.id FROM almanac.jobs free
                 LEFT JOIN almanac.job_kinds k ON k.kind = free.kind
                WHERE free.id = v_id AND free.state = 'queued' AND free.run_at <= clock_timestamp()
                  AND (free.started_at IS NOT NULL OR free.start_by IS NULL OR free.start_by > v_now)
                  AND (k.on_start IS NULL OR free.started_at IS NOT NULL OR almanac.lock_subject(free))
                  FOR NO KEY UPDATE OF free SKIP LOCKED)
           AND (p_alone IS NULL OR crashes < p_alone OR NOT EXISTS (
                SELECT FROM almanac.jobs r
                 WHERE CASE r.state WHEN 'running' THEN true ELSE false END
                   AND r.lease_owner = p_owner AND r.crashes >= p_alone))
        RETURNING * INTO v_job;
        CONTINUE WHEN NOT FOUND;
        IF v_job.started_at = v_now THEN
            PERFORM almanac.note_start(ARRAY[v_job]);
        END IF;
        RETURN NEXT v_job;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.claim FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.claim TO almanac_worker;
