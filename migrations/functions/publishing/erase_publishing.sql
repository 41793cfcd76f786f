-- Hook on_erase: deletes a user's connected accounts, then plans with their intents, at most p_max rows, then receipts, under
-- the rule of requested_at(). Effects stay, with hashes only. Returns the number of rows; 0 if none is left, -1 if all that
-- is left is locked by other transactions. Receipts are one chain: they go when no intent is left.
CREATE OR REPLACE FUNCTION almanac.erase_publishing(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_gone bigint;
    v_plans uuid[];
    v_intents uuid[];
    v_attempts uuid[];
BEGIN
    DELETE FROM almanac.channel_credentials c
     WHERE c.ctid = ANY (ARRAY(SELECT l.ctid FROM almanac.channel_credentials l
                                WHERE l.user_id = p_user AND l.created_at <= p_before LIMIT p_max
                                  FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    v_plans := ARRAY(SELECT p.id FROM almanac.publish_plans p
                      WHERE p.user_id = p_user AND p.created_at <= p_before
                      LIMIT 10 FOR UPDATE SKIP LOCKED);
    v_intents := ARRAY(SELECT i.id FROM almanac.publish_intents i
                        WHERE i.user_id = p_user AND i.plan_id = ANY (v_plans)
                          FOR UPDATE SKIP LOCKED);
    v_attempts := ARRAY(SELECT a.id FROM almanac.publish_attempts a
                         WHERE a.user_id = p_user AND a.intent_id = ANY (v_intents)
                           FOR UPDATE SKIP LOCKED);
    -- A plan goes with all that belongs to it, or stays until all of it is free.
    DELETE FROM almanac.publish_plans p
     WHERE p.user_id = p_user AND p.id = ANY (v_plans)
       AND NOT EXISTS (SELECT FROM almanac.publish_intents i
                         LEFT JOIN almanac.publish_attempts a ON a.user_id = i.user_id AND a.intent_id = i.id
                        WHERE i.user_id = p.user_id AND i.plan_id = p.id
                          AND (i.id <> ALL (v_intents) OR a.id <> ALL (v_attempts)));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    IF EXISTS (SELECT FROM almanac.channel_credentials c WHERE c.user_id = p_user AND c.created_at <= p_before)
       OR EXISTS (SELECT FROM almanac.publish_plans p WHERE p.user_id = p_user AND p.created_at <= p_before) THEN
        RETURN -1;
    END IF;
    IF EXISTS (SELECT FROM almanac.publish_plans p WHERE p.user_id = p_user) THEN
        RETURN 0;
    END IF;
    PERFORM FROM almanac.publish_receipt_heads h WHERE h.user_id = p_user FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM almanac.publish_receipt_heads h WHERE h.user_id = p_user) THEN -1 ELSE 0 END;
    END IF;
    DELETE FROM almanac.publish_receipts r WHERE r.user_id = p_user;
    DELETE FROM almanac.publish_receipt_heads h WHERE h.user_id = p_user;
    RETURN 1;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_publishing FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_publishing TO almanac_worker;
