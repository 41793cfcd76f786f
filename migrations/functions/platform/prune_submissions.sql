-- Deletes at most p_max rows of the log of submissions that are older than p_days, the oldest first; returns their
-- number. Clock and settings as in prune_idempotency_keys().
CREATE OR REPLACE FUNCTION almanac.prune_submissions(p_days int, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    v_before timestamptz := clock_timestamp() - make_interval(days => p_days);
    v_gone bigint;
BEGIN
    DELETE FROM almanac.submissions a
     WHERE a.ctid = ANY (ARRAY(SELECT o.ctid FROM almanac.submissions o
                                WHERE o.at < v_before ORDER BY o.at LIMIT p_max));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_submissions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_submissions TO almanac_worker;
