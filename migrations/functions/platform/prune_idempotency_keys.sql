-- Deletes at most p_max expired idempotency keys, those that expired first; returns their number.
-- The clock is read once: an index is not searched for a volatile value. The settings keep the plan that seeks, also
-- where it was made while the table was empty.
CREATE OR REPLACE FUNCTION almanac.prune_idempotency_keys(p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_gone bigint;
BEGIN
    -- A key that was used again since it was found is no longer expired.
    DELETE FROM almanac.idempotency_keys k
     WHERE k.ctid = ANY (ARRAY(SELECT o.ctid FROM almanac.idempotency_keys o
                                WHERE o.expires_at < v_now ORDER BY o.expires_at LIMIT p_max))
       AND k.expires_at < v_now;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_idempotency_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_idempotency_keys TO almanac_worker;
