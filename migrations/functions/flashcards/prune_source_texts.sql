-- Hook on_prune: deletes the texts of generations, and excerpts in their errors. Returns those that are left, because
-- another transaction holds the row. One statement changes a row: a second one in its transaction would check its keys.
CREATE OR REPLACE FUNCTION almanac.prune_source_texts(p_users uuid[], p_generations uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    UPDATE almanac.ai_generations u SET source_text = NULL, error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT g.ctid FROM unnest(p_users, p_generations) AS j (user_id, id)
             JOIN almanac.ai_generations g ON g.user_id = j.user_id AND g.id = j.id
            WHERE g.source_text IS NOT NULL OR g.error ? 'excerpt'
              FOR NO KEY UPDATE OF g SKIP LOCKED));
    RETURN ARRAY(
        SELECT g.id FROM unnest(p_users, p_generations) AS j (user_id, id)
          JOIN almanac.ai_generations g ON g.user_id = j.user_id AND g.id = j.id
         WHERE g.source_text IS NOT NULL OR g.error ? 'excerpt');
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_source_texts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_source_texts TO almanac_worker;
