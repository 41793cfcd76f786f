-- Hook on_save. Items: {ordinal, id, key, fields}. In plpgsql, because a function in SQL is planned at each call.
CREATE OR REPLACE FUNCTION almanac.store_run_entries(p_jobs almanac.jobs[], p_items jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.calendar_run_entries (user_id, run_id, key, ordinal, entry_id, fields)
    SELECT (p_jobs[place]).user_id, (p_jobs[place]).id, e.key, e.ordinal, e.id, e.fields
      FROM generate_subscripts(p_jobs, 1) AS place
     CROSS JOIN LATERAL jsonb_to_recordset(p_items[place]) AS e (id uuid, ordinal int, key text, fields jsonb);
END
$$;
REVOKE ALL ON FUNCTION almanac.store_run_entries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.store_run_entries TO almanac_worker;
