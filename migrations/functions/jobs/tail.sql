-- The events that follow in several logs, in one read. Ownership was checked when each stream began. A log whose job
-- was erased has one more row, of type `erased`: the API makes a final event of its kind of it.
-- plpgsql keeps its plan; a SQL function would be planned by every call, which costs several times what it reads.
CREATE OR REPLACE FUNCTION almanac.tail(p_jobs uuid[], p_after bigint[], p_max int)
RETURNS TABLE (job_id uuid, seq bigint, type text, data text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.job_id, e.seq, e.type, e.data
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
      JOIN almanac.jobs j ON j.id = w.job_id AND j.last_seq > w.after
     CROSS JOIN LATERAL (
           SELECT * FROM almanac.job_events e
            WHERE e.job_id = w.job_id AND e.seq > w.after
            ORDER BY e.seq
            LIMIT p_max) AS e
     UNION ALL
    SELECT w.job_id, w.after + 1, 'erased', '{}'
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
     WHERE NOT EXISTS (SELECT FROM almanac.jobs j WHERE j.id = w.job_id);
END
$$;
REVOKE ALL ON FUNCTION almanac.tail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.tail TO almanac_api;
