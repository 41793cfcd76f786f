-- Hook on_lock: the end of a first run inserts entries, which reference the calendar. Returns the runs whose calendar
-- another transaction holds.
CREATE OR REPLACE FUNCTION almanac.lock_calendars(p_users uuid[], p_runs uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
AS $$
DECLARE
    v_run record;
    v_busy uuid[] := '{}';
BEGIN
    FOR v_run IN
        SELECT r.id, r.user_id, r.calendar_id FROM unnest(p_users, p_runs) AS j (user_id, id)
          JOIN almanac.calendar_runs r ON r.user_id = j.user_id AND r.id = j.id
    LOOP
        PERFORM FROM almanac.calendars c WHERE c.user_id = v_run.user_id AND c.id = v_run.calendar_id
            FOR KEY SHARE SKIP LOCKED;
        IF NOT FOUND THEN
            v_busy := v_busy || v_run.id;
        END IF;
    END LOOP;
    RETURN v_busy;
END
$$;
REVOKE ALL ON FUNCTION almanac.lock_calendars FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_calendars TO almanac_worker;
