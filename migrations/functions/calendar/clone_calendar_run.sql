-- Hook on_retry: copies the domain row of a retried job under the new job's id, from the same request. It is the next version of its calendar.
-- False if what it was made from is no longer stored.
CREATE OR REPLACE FUNCTION almanac.clone_calendar_run(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_calendar uuid;
    v_version int;
BEGIN
    SELECT r.calendar_id INTO v_calendar FROM almanac.calendar_runs r
     WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
    UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
     WHERE c.user_id = p_old.user_id AND c.id = v_calendar
    RETURNING c.version INTO v_version;
    INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id, model,
                                       prompt_version)
    SELECT p_new, r.user_id, r.calendar_id, v_version, r.first, r.request, r.slots, r.plan_id, r.model,
           r.prompt_version
      FROM almanac.calendar_runs r
     WHERE r.user_id = p_old.user_id AND r.id = p_old.id AND v_version IS NOT NULL;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.clone_calendar_run FROM PUBLIC;
