-- Hook on_lock: the end of a scheduled synthesis writes its fire and the schedule. Returns the syntheses of which another
-- transaction holds one of them.
CREATE OR REPLACE FUNCTION almanac.lock_syntheses(p_users uuid[], p_syntheses uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
AS $$
DECLARE
    v_synthesis record;
    v_busy uuid[] := '{}';
BEGIN
    FOR v_synthesis IN
        SELECT s.id, s.user_id, s.theme_id, s.fire_date FROM unnest(p_users, p_syntheses) AS j (user_id, id)
          JOIN almanac.syntheses s ON s.user_id = j.user_id AND s.id = j.id
         WHERE s.fire_date IS NOT NULL
    LOOP
        PERFORM FROM almanac.schedule_runs r
          WHERE r.user_id = v_synthesis.user_id AND r.theme_id = v_synthesis.theme_id
            AND r.fire_date = v_synthesis.fire_date
            FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (
               SELECT FROM almanac.schedule_runs r
                WHERE r.user_id = v_synthesis.user_id AND r.theme_id = v_synthesis.theme_id
                  AND r.fire_date = v_synthesis.fire_date) THEN
            v_busy := v_busy || v_synthesis.id;
            CONTINUE;
        END IF;
        PERFORM FROM almanac.theme_schedules t
          WHERE t.user_id = v_synthesis.user_id AND t.theme_id = v_synthesis.theme_id
            FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (
               SELECT FROM almanac.theme_schedules t
                WHERE t.user_id = v_synthesis.user_id AND t.theme_id = v_synthesis.theme_id) THEN
            v_busy := v_busy || v_synthesis.id;
        END IF;
    END LOOP;
    RETURN v_busy;
END
$$;
REVOKE ALL ON FUNCTION almanac.lock_syntheses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_syntheses TO almanac_worker;
