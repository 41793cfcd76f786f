-- What an attempt starts from, under its lease: the intent, now `publishing`, its plan, the present version of its entry
-- (null: deleted), the account with its sealed tokens, and the effect of this attempt if it has sent anything.
-- No row if the intent no longer exists. Fails with 55P03 if a transaction that is not one of ours holds a row that the end
-- of the job writes: the job comes back later, and keeps no slot until then. Ends take weaker locks than this looks for.
CREATE OR REPLACE FUNCTION almanac.open_intent(p_job uuid, p_epoch bigint)
RETURNS TABLE (intent almanac.publish_intents, approved boolean, request jsonb, current_version bigint,
               account almanac.channel_credentials, effect almanac.effects)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
BEGIN
    PERFORM FROM almanac.publish_receipt_heads h WHERE h.user_id = v_user FOR KEY SHARE;
    PERFORM FROM almanac.publish_attempts a WHERE a.user_id = v_user AND a.id = p_job FOR KEY SHARE;
    SELECT i.* INTO intent
      FROM almanac.publish_attempts a
      JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
     WHERE a.user_id = v_user AND a.id = p_job;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF (intent).status = 'pending' THEN
        intent := almanac.move_intent(v_user, (intent).id, 'publishing', NULL);
    END IF;
    SELECT p.approved, p.request INTO approved, request
      FROM almanac.publish_plans p WHERE p.user_id = v_user AND p.id = (intent).plan_id;
    current_version := almanac.entry_version(intent);
    SELECT c.* INTO account FROM almanac.channel_credentials c
     WHERE c.user_id = v_user AND c.channel = (intent).channel AND c.account_id = (intent).account_id;
    SELECT e.* INTO effect FROM almanac.effects e WHERE e.dedupe_key = almanac.post_key(intent);
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.open_intent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.open_intent TO almanac_worker;
