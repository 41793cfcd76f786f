-- Hook on_prune: deletes what models were given for syntheses, and excerpts in their errors. Returns those that are left,
-- because another transaction holds the row.
CREATE OR REPLACE FUNCTION almanac.prune_readings(p_users uuid[], p_syntheses uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    UPDATE almanac.syntheses u SET articles = NULL, error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT s.ctid FROM unnest(p_users, p_syntheses) AS j (user_id, id)
             JOIN almanac.syntheses s ON s.user_id = j.user_id AND s.id = j.id
            WHERE s.articles IS NOT NULL OR s.error ? 'excerpt'
              FOR NO KEY UPDATE OF s SKIP LOCKED));
    RETURN ARRAY(
        SELECT s.id FROM unnest(p_users, p_syntheses) AS j (user_id, id)
          JOIN almanac.syntheses s ON s.user_id = j.user_id AND s.id = j.id
         WHERE s.articles IS NOT NULL OR s.error ? 'excerpt');
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_readings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_readings TO almanac_worker;
