-- Hook on_retry: a failed intent is pending again, with the new job as its next attempt. False if it is not failed, or if
-- another intent of its entry and account is on its way, or was published since.
CREATE OR REPLACE FUNCTION almanac.retry_intent(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_intent almanac.publish_intents;
BEGIN
    UPDATE almanac.publish_intents i
       SET attempt = i.attempt + 1, error = NULL, known = '{}', waiting_since = NULL, sent_at = NULL,
           publish_at = clock_timestamp()
      FROM almanac.publish_attempts a
     WHERE a.user_id = p_old.user_id AND a.id = p_old.id
       AND i.user_id = a.user_id AND i.id = a.intent_id AND i.status = 'failed'
    RETURNING i.* INTO v_intent;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM almanac.move_intent(p_old.user_id, v_intent.id, 'pending', NULL);
    -- After it counts as open, so that no other can come between. Ids are v7: a later intent has a greater one.
    IF EXISTS (SELECT FROM almanac.publish_intents p
                WHERE p.user_id = v_intent.user_id AND p.entry_id = v_intent.entry_id AND p.channel = v_intent.channel
                  AND p.account_id = v_intent.account_id AND p.brand_id IS NOT DISTINCT FROM v_intent.brand_id
                  AND p.status = 'published' AND p.id > v_intent.id) THEN
        RAISE EXCEPTION 'published since' USING errcode = 'LL007';
    END IF;
    INSERT INTO almanac.publish_attempts (user_id, id, intent_id) VALUES (p_old.user_id, p_new, v_intent.id);
    RETURN true;
EXCEPTION
    WHEN unique_violation OR SQLSTATE 'LL007' THEN
        RETURN false;
END
$$;
REVOKE ALL ON FUNCTION almanac.retry_intent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.retry_intent TO almanac_worker;
