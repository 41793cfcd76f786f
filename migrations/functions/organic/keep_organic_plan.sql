-- Stores the plan of a run's first start, with its events. emit() is the fence. Returns the seq of the last event.
CREATE OR REPLACE FUNCTION almanac.keep_organic_plan(
    p_job uuid, p_epoch bigint, p_plan jsonb, p_total int, p_failed int, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint := almanac.emit(p_job, p_epoch, p_types, p_data, p_progress);
BEGIN
    UPDATE almanac.organic_runs r
       SET plan = p_plan, total = p_total, failed = p_failed
      FROM almanac.jobs j
     WHERE j.id = p_job AND r.user_id = j.user_id AND r.id = p_job;
    RETURN v_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.keep_organic_plan FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.keep_organic_plan TO almanac_worker;
