-- The oldest due jobs of a lane, for the poll. Ids only; start() claims them. Left out are those in p_except, which the
-- caller could not claim just now: as the oldest they would be all that it finds. For a worker that holds a job with one
-- chance left, jobs that have crashed p_alone times or more are left out for the same reason.
-- Nothing is locked: a lock is a write, and the commit of one for each look costs more than the look.
CREATE OR REPLACE FUNCTION almanac.due(p_lane text, p_older interval, p_max int, p_alone int, p_except uuid[])
RETURNS SETOF uuid
LANGUAGE sql STABLE
AS $$
    SELECT id FROM almanac.jobs
     WHERE lane = p_lane AND CASE state WHEN 'queued' THEN true ELSE false END
       AND run_at <= clock_timestamp() - p_older AND (p_alone IS NULL OR crashes < p_alone)
       AND id <> ALL (p_except)
     ORDER BY run_at
     LIMIT p_max
$$;
REVOKE ALL ON FUNCTION almanac.due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.due TO almanac_worker;
