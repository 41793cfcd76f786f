-- Deletes a part of a user's runs, entries and calendars under the rule of requested_at(): at most p_max entries or
-- calendars, or a fortieth of that of runs, each of which has up to some hundred entries of its own. Returns the number
-- of rows; 0 if none is left, -1 if all that is left is locked by other transactions. A calendar to which a younger run
-- or entry belongs stays.
CREATE OR REPLACE FUNCTION almanac.erase_calendar(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_id uuid;
    v_ids uuid[];
    v_gone bigint := 0;
BEGIN
    FOR v_id IN
        SELECT r.id FROM almanac.calendar_runs r
         WHERE r.user_id = p_user AND almanac.requested_at(r.user_id, r.id, r.created_at) <= p_before
         LIMIT greatest(1, p_max / 40) FOR UPDATE SKIP LOCKED
    LOOP
        BEGIN
            DELETE FROM almanac.calendar_runs WHERE user_id = p_user AND id = v_id;
            v_gone := v_gone + 1;
        EXCEPTION WHEN lock_not_available THEN
            -- A row of what it made is locked, which no statement here may lock itself. The run comes again.
            NULL;
        END;
    END LOOP;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    v_ids := ARRAY(SELECT e.id FROM almanac.calendar_entries e
                    WHERE e.user_id = p_user AND almanac.requested_at(e.user_id, e.run_id, e.created_at) <= p_before
                    LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.calendar_entries WHERE user_id = p_user AND id = ANY (v_ids);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    v_ids := ARRAY(SELECT c.id FROM almanac.calendars c
                    WHERE c.user_id = p_user AND c.created_at <= p_before
                      AND NOT EXISTS (SELECT FROM almanac.calendar_runs r
                                       WHERE r.user_id = c.user_id AND r.calendar_id = c.id)
                      AND NOT EXISTS (SELECT FROM almanac.calendar_entries e
                                       WHERE e.user_id = c.user_id AND e.calendar_id = c.id)
                    LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.calendars c
     WHERE c.user_id = p_user AND c.id = ANY (v_ids)
       AND NOT EXISTS (SELECT FROM almanac.calendar_runs r WHERE r.user_id = c.user_id AND r.calendar_id = c.id)
       AND NOT EXISTS (SELECT FROM almanac.calendar_entries e WHERE e.user_id = c.user_id AND e.calendar_id = c.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    RETURN CASE WHEN EXISTS (
               SELECT FROM almanac.calendar_runs r
                WHERE r.user_id = p_user AND almanac.requested_at(r.user_id, r.id, r.created_at) <= p_before)
             OR EXISTS (
               SELECT FROM almanac.calendar_entries e
                WHERE e.user_id = p_user AND almanac.requested_at(e.user_id, e.run_id, e.created_at) <= p_before)
             OR EXISTS (
               SELECT FROM almanac.calendars c
                WHERE c.user_id = p_user AND c.created_at <= p_before
                  AND NOT EXISTS (SELECT FROM almanac.calendar_runs r
                                   WHERE r.user_id = c.user_id AND r.calendar_id = c.id)
                  AND NOT EXISTS (SELECT FROM almanac.calendar_entries e
                                   WHERE e.user_id = c.user_id AND e.calendar_id = c.id))
           THEN -1 ELSE 0 END;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_calendar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_calendar TO almanac_worker;
