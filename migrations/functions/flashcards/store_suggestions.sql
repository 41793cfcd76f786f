-- Hook on_save. Items: {ordinal, id, front_key, front, back}. In plpgsql, because a function in SQL is planned at each call.
CREATE OR REPLACE FUNCTION almanac.store_suggestions(p_jobs almanac.jobs[], p_items jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT s.id, (p_jobs[place]).user_id, (p_jobs[place]).id, s.ordinal, s.front_key, s.front, s.back
      FROM generate_subscripts(p_jobs, 1) AS place
     CROSS JOIN LATERAL jsonb_to_recordset(p_items[place]) AS s (
           id uuid, ordinal int, front_key text, front text, back text);
END
$$;
REVOKE ALL ON FUNCTION almanac.store_suggestions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.store_suggestions TO almanac_worker;
