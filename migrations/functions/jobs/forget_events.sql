-- Deletes the events of at most p_max expired jobs; returns the number of jobs, 0 if none is left.
CREATE OR REPLACE FUNCTION almanac.forget_events(p_days int, p_max int) RETURNS bigint
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
REVOKE ALL ON FUNCTION almanac.forget_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.forget_events TO almanac_worker;
