-- Claims the oldest due jobs of a lane that have waited for p_older, at most one for each id in p_calls: what no message
-- named, or what is older than what messages name. Rows that another transaction holds are left out, so that workers who
-- look at the same moment claim different jobs. A candidate that could not be claimed is returned without a job: the
-- caller puts it into p_except for a while, because as the oldest it would be found again each time.
-- p_suspects false leaves out jobs that have crashed p_alone times, for a worker that already holds one. The other
-- arguments are those of start().
CREATE OR REPLACE FUNCTION almanac.start_due(
    p_lane text, p_older interval, p_except uuid[], p_suspects boolean, p_calls uuid[], p_owner text, p_lease interval,
    p_alone int, p_provider text)
RETURNS TABLE (candidate uuid, job almanac.jobs, call uuid)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
    v_older timestamptz := clock_timestamp() - p_older;
    v_below int := CASE WHEN p_suspects THEN 2147483647 ELSE coalesce(p_alone, 2147483647) END;
BEGIN
    v_ids := ARRAY(
        SELECT j.id FROM almanac.jobs j
         WHERE j.lane = p_lane AND CASE j.state WHEN 'queued' THEN true ELSE false END
           AND j.run_at <= v_older AND j.crashes < v_below AND j.id <> ALL (p_except)
         ORDER BY j.run_at
         LIMIT cardinality(p_calls)
           FOR NO KEY UPDATE SKIP LOCKED);
    IF cardinality(v_ids) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT w.id, s.job, s.call
          FROM unnest(v_ids) AS w (id)
          LEFT JOIN almanac.start(v_ids, p_calls[1:cardinality(v_ids)], p_owner, p_lease, p_alone, p_provider) AS s
            ON (s.job).id = w.id;
END
$$;
REVOKE ALL ON FUNCTION almanac.start_due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.start_due TO almanac_worker;
