-- Hook on_start: copies the states of jobs into their runs.
CREATE OR REPLACE FUNCTION almanac.start_calendar_runs(p_jobs almanac.jobs[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    FOREACH v_job IN ARRAY p_jobs LOOP
        UPDATE almanac.calendar_runs SET status = CASE v_job.state WHEN 'queued' THEN 'pending' ELSE v_job.state END
         WHERE user_id = v_job.user_id AND id = v_job.id;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.start_calendar_runs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.start_calendar_runs TO almanac_worker;
