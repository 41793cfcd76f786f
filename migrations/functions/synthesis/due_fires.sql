-- What a scheduler has to look at: schedules whose next fire is due, the oldest first, but for those in p_except; if there
-- are none, schedules whose next fire was computed with older data of the zones than p_zone_data; and one row without a
-- schedule if fires wait for an attempt that is due. `now` is the moment by which programs judge them.
CREATE OR REPLACE FUNCTION almanac.due_fires(p_max int, p_except uuid[], p_zone_data text)
RETURNS TABLE (schedule almanac.theme_schedules, is_due boolean, now timestamptz)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    SELECT s, true, v_now FROM almanac.theme_schedules s
     WHERE s.enabled = true AND s.next_fire_at <= v_now AND s.id <> ALL (p_except)
     ORDER BY s.next_fire_at
     LIMIT p_max;
    IF NOT FOUND THEN
        RETURN QUERY
        SELECT s, false, v_now FROM almanac.theme_schedules s
         WHERE s.enabled AND s.timezone IS NOT NULL AND s.zone_data < p_zone_data AND s.id <> ALL (p_except)
         ORDER BY s.zone_data
         LIMIT p_max;
    END IF;
    RETURN QUERY
    SELECT NULL::almanac.theme_schedules, false, v_now
     WHERE EXISTS (SELECT FROM almanac.schedule_runs r WHERE r.state = 'waiting' AND r.next_attempt_at <= v_now);
END
$$;
REVOKE ALL ON FUNCTION almanac.due_fires FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.due_fires TO almanac_worker;
