-- Replaces what an intent publishes, under the lease: its entry was saved again, and no person had approved the plan by its
-- hash. Nothing of the attempt's uploads is used for it.
CREATE OR REPLACE FUNCTION almanac.render_intent_again(
    p_job uuid, p_epoch bigint, p_entry jsonb, p_version bigint, p_payload jsonb, p_hash text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
BEGIN
    UPDATE almanac.publish_intents i
       SET entry = p_entry, entry_version = p_version, payload = p_payload, payload_hash = p_hash, known = '{}',
           updated_at = clock_timestamp()
      FROM almanac.publish_attempts a
     WHERE a.user_id = v_user AND a.id = p_job AND i.user_id = a.user_id AND i.id = a.intent_id;
END
$$;
REVOKE ALL ON FUNCTION almanac.render_intent_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.render_intent_again TO almanac_worker;
