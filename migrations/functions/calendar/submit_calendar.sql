-- Submits one run with the caller's claims: job, calendar (new, or locked) and the run's next version. Outcomes are
-- those of accept(), and `missing` for a calendar that does not exist or belongs to another user; every outcome but
-- `new` and `replay` has to be rolled back.
CREATE OR REPLACE FUNCTION almanac.submit_calendar(
    p_job uuid, p_calendar uuid, p_first boolean, p_title text, p_timezone text, p_request jsonb, p_slots int,
    p_plan uuid, p_model text, p_prompt text, p_key text, p_fingerprint bytea, p_limit int, p_window int,
    p_time_limit interval, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, calendar_id uuid, version int, active_kind text, remaining int,
               reset_seconds int)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_user uuid := almanac.uid();
    a record;
BEGIN
    a := almanac.accept(
        p_job, 'calendar.generate', 'calendar',
        jsonb_build_object('timeLimitMs', (extract(epoch FROM p_time_limit) * 1000)::bigint),
        'calendar', p_calendar::text, 'calendar', interval '60 s', p_time_limit, 'POST /v1/ai/calendar',
        p_key, p_fingerprint, jsonb_build_object('calendarId', p_calendar)::text,
        'calendar', p_limit, p_window, p_trace, p_request_id);
    outcome := a.outcome;
    job_id := a.job_id;
    active_kind := a.active_kind;
    remaining := a.remaining;
    reset_seconds := a.reset_seconds;
    IF a.outcome = 'replay' THEN
        -- A calendar that was deleted since has no version any more.
        calendar_id := (a.answer::jsonb ->> 'calendarId')::uuid;
        SELECT r.version INTO version FROM almanac.calendar_runs r WHERE r.user_id = v_user AND r.id = a.job_id;
    ELSIF a.outcome = 'new' THEN
        calendar_id := p_calendar;
        IF p_first THEN
            INSERT INTO almanac.calendars (id, user_id, title, timezone)
            VALUES (p_calendar, v_user, p_title, p_timezone);
        END IF;
        UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
         WHERE c.user_id = v_user AND c.id = p_calendar
        RETURNING c.version INTO version;
        IF NOT FOUND THEN
            outcome := 'missing';
            RETURN NEXT;
            RETURN;
        END IF;
        INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id, model,
                                           prompt_version)
        VALUES (p_job, v_user, p_calendar, version, p_first, p_request, p_slots, p_plan, p_model, p_prompt);
    END IF;
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_calendar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_calendar TO authenticated;
