-- The oldest due jobs of a lane, for the poll. Ids only; start() claims them. For a worker that holds a job with one
-- chance left, jobs that have crashed p_alone times or more are left out: it could take none of them, and as the oldest
-- they would be all it finds. Rows that another transaction holds are left out for the same reason.
CREATE OR REPLACE FUNCTION almanac.due(p_lane text, p_older interval, p_max int, p_alone int) RETURNS SETOF uuid
LANGUAGE sql
AS $$
    SELECT id FROM almanac.jobs
     WHERE lane = p_lane AND CASE state WHEN 'queued' THEN true ELSE false END
       AND run_at <= clock_timestamp() - p_older AND (p_alone IS NULL OR crashes < p_alone)
     ORDER BY run_at
     LIMIT p_max
       FOR NO KEY UPDATE SKIP LOCKED
$$;
REVOKE ALL ON FUNCTION almanac.due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.due TO almanac_worker;
