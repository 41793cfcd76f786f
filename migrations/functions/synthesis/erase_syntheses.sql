-- Hook on_erase: deletes a user's schedules, then deliveries, syntheses, and themes with their fires and recipients, under
-- the rule of requested_at(). Returns the number of rows; 0 if none is left, -1 if all that is left is locked by other
-- transactions. A theme to which a younger synthesis belongs stays. Suppressions stay: they are hashes, of no user.
CREATE OR REPLACE FUNCTION almanac.erase_syntheses(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_ids uuid[];
    v_gone bigint;
BEGIN
    v_ids := ARRAY(SELECT s.theme_id FROM almanac.theme_schedules s
                    WHERE s.user_id = p_user AND s.created_at <= p_before LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.theme_schedules s WHERE s.user_id = p_user AND s.theme_id = ANY (v_ids);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    v_ids := ARRAY(SELECT d.id FROM almanac.email_deliveries d
                    WHERE d.user_id = p_user AND almanac.requested_at(d.user_id, d.id, d.created_at) <= p_before
                    LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.email_deliveries d WHERE d.user_id = p_user AND d.id = ANY (v_ids);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    v_ids := ARRAY(SELECT s.id FROM almanac.syntheses s
                    WHERE s.user_id = p_user AND almanac.requested_at(s.user_id, s.id, s.created_at) <= p_before
                      AND NOT EXISTS (SELECT FROM almanac.email_deliveries d
                                       WHERE d.user_id = s.user_id AND d.synthesis_id = s.id)
                    LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.syntheses s
     WHERE s.user_id = p_user AND s.id = ANY (v_ids)
       AND NOT EXISTS (SELECT FROM almanac.email_deliveries d WHERE d.user_id = s.user_id AND d.synthesis_id = s.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    v_ids := ARRAY(SELECT t.id FROM almanac.themes t
                    WHERE t.user_id = p_user AND t.created_at <= p_before
                      AND NOT EXISTS (SELECT FROM almanac.syntheses s WHERE s.user_id = t.user_id AND s.theme_id = t.id)
                    LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.themes t
     WHERE t.user_id = p_user AND t.id = ANY (v_ids)
       AND NOT EXISTS (SELECT FROM almanac.syntheses s WHERE s.user_id = t.user_id AND s.theme_id = t.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    IF EXISTS (SELECT FROM almanac.theme_schedules s WHERE s.user_id = p_user AND s.created_at <= p_before)
       OR EXISTS (SELECT FROM almanac.email_deliveries d
                   WHERE d.user_id = p_user AND almanac.requested_at(d.user_id, d.id, d.created_at) <= p_before)
       OR EXISTS (SELECT FROM almanac.syntheses s
                   WHERE s.user_id = p_user AND almanac.requested_at(s.user_id, s.id, s.created_at) <= p_before)
       OR EXISTS (SELECT FROM almanac.themes t
                   WHERE t.user_id = p_user AND t.created_at <= p_before
                     AND NOT EXISTS (SELECT FROM almanac.syntheses s
                                      WHERE s.user_id = t.user_id AND s.theme_id = t.id)) THEN
        RETURN -1;
    END IF;
    DELETE FROM almanac.email_recipients r
     WHERE r.ctid = ANY (ARRAY(SELECT l.ctid FROM almanac.email_recipients l
                                WHERE l.user_id = p_user AND l.created_at <= p_before
                                  AND NOT EXISTS (SELECT FROM almanac.themes t
                                                   WHERE t.user_id = l.user_id AND t.id = l.theme_id)
                                LIMIT p_max FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_syntheses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_syntheses TO almanac_worker;
