-- How busy a job's lane is, for the owner's question why it waits: counts only.
CREATE OR REPLACE FUNCTION almanac.lane_load(p_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object(
               'ahead', (SELECT count(*) FROM (
                    SELECT FROM almanac.jobs o
                     WHERE o.lane = j.lane AND CASE o.state WHEN 'queued' THEN true ELSE false END
                       AND o.run_at < j.run_at
                     LIMIT 1000) AS waiting),
               'running', (SELECT count(*) FROM almanac.jobs r
                            WHERE CASE r.state WHEN 'running' THEN true ELSE false END AND r.lane = j.lane))
      FROM almanac.jobs j
     WHERE j.id = p_id
$$;
REVOKE ALL ON FUNCTION almanac.lane_load FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lane_load TO almanac_api;
