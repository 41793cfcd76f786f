-- One fire of a schedule whose row the caller has locked. Returns the outcome, as fire_schedules() names them.
CREATE OR REPLACE FUNCTION almanac.fire_one(
    p_schedule almanac.theme_schedules, p_date date, p_at timestamptz, p_until timestamptz, p_zone text, p_job uuid,
    p_model text, p_prompt text)
RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_outcome text;
BEGIN
    IF EXISTS (SELECT FROM almanac.schedule_runs r
                WHERE r.user_id = p_schedule.user_id AND r.theme_id = p_schedule.theme_id AND r.fire_date = p_date) THEN
        RETURN 'known';
    END IF;
    v_outcome := CASE WHEN v_now <= p_until
                      THEN almanac.start_synthesis(p_schedule.user_id, p_schedule.theme_id, p_date, p_zone, p_job, p_model,
                                                   p_prompt)
                      WHEN p_schedule.busy_since >= p_at THEN 'skipped'
                      ELSE 'missed' END;
    IF v_outcome IN ('busy', 'held') THEN
        RETURN v_outcome;
    END IF;
    INSERT INTO almanac.schedule_runs (user_id, theme_id, fire_date, fire_at, state, reason, zone, start_until, emails,
                                       job_id)
    VALUES (p_schedule.user_id, p_schedule.theme_id, p_date, p_at,
            CASE v_outcome WHEN 'started' THEN 'running' ELSE v_outcome END,
            CASE v_outcome WHEN 'missed' THEN 'LATE' WHEN 'skipped' THEN 'BUSY' END, p_zone, p_until,
            p_schedule.emails, CASE v_outcome WHEN 'started' THEN p_job END);
    RETURN v_outcome;
END
$$;
REVOKE ALL ON FUNCTION almanac.fire_one FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.fire_one TO almanac_worker;
