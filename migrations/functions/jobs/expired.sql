-- The jobs that earlier rounds skipped, and the next p_max jobs whose retention of p_days is over, oldest first; the
-- position is stored with the transaction. Of two workers that prune at once, the second finds nothing to do. The caller
-- stores which of these jobs it skips.
CREATE OR REPLACE FUNCTION almanac.expired(p_what text, p_days int, p_max int) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    v_before timestamptz := clock_timestamp() - make_interval(days => p_days);
    v_from timestamptz;
    v_skipped uuid[];
    v_upto timestamptz;
    v_jobs uuid[];
BEGIN
    SELECT r.upto, r.skipped INTO v_from, v_skipped
      FROM almanac.retention r WHERE r.what = p_what FOR UPDATE SKIP LOCKED;
    SELECT array_agg(o.id), max(o.finished_at) INTO v_jobs, v_upto
      FROM (SELECT j.id, j.finished_at FROM almanac.jobs j
             WHERE CASE WHEN j.finished_at IS NULL THEN false ELSE true END
               AND j.finished_at > v_from AND j.finished_at < v_before
             ORDER BY j.finished_at
             FETCH FIRST p_max ROWS WITH TIES) AS o;
    UPDATE almanac.retention SET upto = v_upto WHERE what = p_what AND v_upto IS NOT NULL;
    RETURN v_skipped || v_jobs;
END
$$;
REVOKE ALL ON FUNCTION almanac.expired FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.expired TO almanac_worker;
