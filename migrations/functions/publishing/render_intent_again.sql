-- Replaces what an intent publishes, under the lease: its entry was saved again, or its account is another one of the vendor
-- now, and no person had approved the plan by its hash. Nothing of the attempt's uploads is used for it. p_due_at is null
-- unless the intent follows its entry. Returns how long it is until the intent is due.
CREATE OR REPLACE FUNCTION almanac.render_intent_again(
    p_job uuid, p_epoch bigint, p_entry jsonb, p_version bigint, p_account text, p_payload jsonb, p_hash text,
    p_due_at timestamptz)
RETURNS interval
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
    v_now timestamptz := clock_timestamp();
    v_due_at timestamptz;
BEGIN
    UPDATE almanac.publish_intents i
       SET entry = p_entry, entry_version = p_version, external_account = p_account, payload = p_payload,
           payload_hash = p_hash, publish_at = coalesce(p_due_at, i.publish_at), known = '{}', waiting_since = NULL,
           updated_at = v_now
      FROM almanac.publish_attempts a
     WHERE a.user_id = v_user AND a.id = p_job AND i.user_id = a.user_id AND i.id = a.intent_id
    RETURNING i.publish_at INTO v_due_at;
    RETURN greatest(v_due_at - v_now, interval '0');
END
$$;
REVOKE ALL ON FUNCTION almanac.render_intent_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.render_intent_again TO almanac_worker;
