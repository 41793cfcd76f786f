-- Fires schedules, each for itself: one row of schedule_runs, and a synthesis with its job unless the fire is missed. A
-- schedule is left alone if it is not as the caller saw it (p_seen: its next fire) or if another transaction holds it.
-- p_until: when the catch-up window of the fire ends; infinity: it is never missed. p_next_dates, p_next_ats: the fire
-- after it.
-- Outcomes: started · missed · skipped (the user was busy until the window ended) · busy (the user has a synthesis running
-- or an erase pending; tried again at the next tick) · known (that date has fired before) · held (another transaction has a row) · gone.
CREATE OR REPLACE FUNCTION almanac.fire_schedules(
    p_ids uuid[], p_seen timestamptz[], p_dates date[], p_ats timestamptz[], p_until timestamptz[], p_zones text[],
    p_next_dates date[], p_next_ats timestamptz[], p_zone_data text, p_jobs uuid[], p_model text, p_prompt text)
RETURNS TABLE (n int, outcome text, user_id uuid, theme_id uuid)
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
#variable_conflict use_column
DECLARE
    v_schedule almanac.theme_schedules;
BEGIN
    FOR i IN 1 .. cardinality(p_ids) LOOP
        n := i;
        BEGIN
            SELECT s.* INTO v_schedule FROM almanac.theme_schedules s WHERE s.id = p_ids[i] FOR NO KEY UPDATE SKIP LOCKED;
            user_id := v_schedule.user_id;
            theme_id := v_schedule.theme_id;
            IF NOT FOUND THEN
                outcome := CASE WHEN EXISTS (SELECT FROM almanac.theme_schedules s WHERE s.id = p_ids[i])
                                THEN 'held' ELSE 'gone' END;
            ELSIF NOT v_schedule.enabled OR v_schedule.next_fire_at IS DISTINCT FROM p_seen[i] THEN
                outcome := 'gone';
            ELSE
                outcome := almanac.fire_one(v_schedule, p_dates[i], p_ats[i], p_until[i], p_zones[i], p_jobs[i], p_model,
                                            p_prompt);
                IF outcome IN ('started', 'missed', 'skipped', 'known') THEN
                    UPDATE almanac.theme_schedules s
                       SET next_fire_date = p_next_dates[i], next_fire_at = p_next_ats[i], zone_data = p_zone_data,
                           busy_since = NULL
                     WHERE s.id = v_schedule.id;
                ELSIF outcome = 'busy' AND v_schedule.busy_since IS NULL THEN
                    UPDATE almanac.theme_schedules s SET busy_since = clock_timestamp() WHERE s.id = v_schedule.id;
                END IF;
            END IF;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            outcome := 'held';
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.fire_schedules FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.fire_schedules TO almanac_worker;
