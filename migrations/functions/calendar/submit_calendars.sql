-- Submits runs of calendars, each with its user's claims: job, calendar (new, or locked) and the run's next version. Runs
-- as its caller, the API. Outcomes are those of submit(), `missing` for a calendar that does not exist or belongs to
-- another user, and `error` with the cause in `failure`; only `new` writes. Nothing is waited for: a calendar that
-- another transaction holds is `busy`.
CREATE OR REPLACE FUNCTION almanac.submit_calendars(
    p_users uuid[], p_jobs uuid[], p_calendars uuid[], p_firsts boolean[], p_titles text[], p_timezones text[],
    p_bodies jsonb[], p_slots int[], p_plans uuid[], p_models text[], p_prompts text[],
    p_keys text[], p_fingerprints bytea[], p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, calendar_id uuid, version int, active_kind text, remaining int,
               reset_seconds int, failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_answer text;
BEGIN
    FOR i IN 1 .. cardinality(p_users) LOOP
        n := i;
        calendar_id := NULL;
        version := NULL;
        failure := NULL;
        BEGIN
            PERFORM set_config('role', 'none', true);
            SELECT s.outcome, s.job_id, s.answer, s.active_kind, s.remaining, s.reset_seconds
              INTO outcome, job_id, v_answer, active_kind, remaining, reset_seconds
              FROM almanac.submit(
                   'calendar.generate', p_users[i:i], p_jobs[i:i], ARRAY['{}'::jsonb], ARRAY[p_calendars[i]::text],
                   p_keys[i:i], p_fingerprints[i:i],
                   ARRAY[jsonb_build_object('calendarId', p_calendars[i])::text], p_traces[i:i], p_requests[i:i]) AS s;
            PERFORM set_config('role', 'authenticated', true),
                    set_config('request.jwt.claims',
                               '{"sub":"' || p_users[i]::text || '","role":"authenticated"}', true);
            IF outcome = 'replay' THEN
                -- A calendar that was deleted since has no version any more.
                calendar_id := (v_answer::jsonb ->> 'calendarId')::uuid;
                SELECT r.version INTO version FROM almanac.calendar_runs r
                 WHERE r.user_id = p_users[i] AND r.id = job_id;
            ELSIF outcome = 'new' THEN
                calendar_id := p_calendars[i];
                IF p_firsts[i] THEN
                    INSERT INTO almanac.calendars (id, user_id, title, timezone)
                    VALUES (calendar_id, p_users[i], p_titles[i], p_timezones[i]);
                ELSE
                    PERFORM FROM almanac.calendars c WHERE c.user_id = p_users[i] AND c.id = calendar_id
                        FOR NO KEY UPDATE SKIP LOCKED;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'no calendar' USING errcode = CASE WHEN EXISTS (
                            SELECT FROM almanac.calendars c WHERE c.user_id = p_users[i] AND c.id = calendar_id)
                            THEN 'LL005' ELSE 'LL004' END;
                    END IF;
                END IF;
                UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
                 WHERE c.user_id = p_users[i] AND c.id = calendar_id
                RETURNING c.version INTO version;
                INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id,
                                                   model, prompt_version)
                VALUES (p_jobs[i], p_users[i], calendar_id, version, p_firsts[i], p_bodies[i], p_slots[i], p_plans[i],
                        p_models[i], p_prompts[i]);
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'LL004' THEN
                outcome := 'missing';
            WHEN SQLSTATE 'LL005' THEN
                outcome := 'busy';
            WHEN OTHERS THEN
                outcome := 'error';
                failure := sqlstate || ' ' || sqlerrm;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_calendars FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_calendars TO almanac_api;
