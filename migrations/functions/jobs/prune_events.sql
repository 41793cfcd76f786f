-- Deletes the events of at most p_max expired jobs and of those that earlier rounds skipped. A job of which another
-- transaction holds an event is skipped until a later round. Returns the number of jobs that have no event left; 0 if none
-- was found.
CREATE OR REPLACE FUNCTION almanac.prune_events(p_days int, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_jobs uuid[] := almanac.expired('events', p_days, p_max);
    v_skipped uuid[];
BEGIN
    IF coalesce(cardinality(v_jobs), 0) = 0 THEN
        RETURN 0;
    END IF;
    DELETE FROM almanac.job_events d
     WHERE d.ctid = ANY (ARRAY(SELECT e.ctid FROM almanac.job_events e
                                WHERE e.job_id = ANY (v_jobs) FOR UPDATE SKIP LOCKED));
    v_skipped := ARRAY(SELECT DISTINCT e.job_id FROM almanac.job_events e WHERE e.job_id = ANY (v_jobs));
    UPDATE almanac.retention SET skipped = v_skipped WHERE what = 'events' AND skipped <> v_skipped;
    RETURN cardinality(v_jobs) - cardinality(v_skipped);
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_events TO almanac_worker;
