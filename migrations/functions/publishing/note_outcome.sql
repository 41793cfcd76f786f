-- What became of a request that publishes while the attempt goes on: p_effect is `unknown` (no answer, or the channel has
-- accepted the post and does not show it yet) or `planned` (certainly not executed; p_note then holds the proof under
-- "proof"). An effect that was ever unknown stays marked by "was_unknown". p_status is the intent's. p_known, if given, replaces what is known of the channel's answers.
CREATE OR REPLACE FUNCTION almanac.note_outcome(
    p_job uuid, p_epoch bigint, p_effect text, p_status text, p_note jsonb, p_known jsonb)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
    v_intent almanac.publish_intents;
BEGIN
    SELECT i.* INTO STRICT v_intent
      FROM almanac.publish_attempts a
      JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
     WHERE a.user_id = v_user AND a.id = p_job;
    UPDATE almanac.effects e
       SET state = p_effect,
           last_error = p_note || CASE WHEN p_effect = 'unknown' OR coalesce(e.last_error ? 'was_unknown', false)
                                       THEN '{"was_unknown": true}' ELSE '{}' END::jsonb
     WHERE e.dedupe_key = almanac.post_key(v_intent) AND e.state IN ('sending', 'unknown');
    UPDATE almanac.publish_intents i SET known = p_known
     WHERE i.user_id = v_user AND i.id = v_intent.id AND p_known IS NOT NULL;
    PERFORM almanac.move_intent(v_user, v_intent.id, p_status, p_note -> 'proof');
END
$$;
REVOKE ALL ON FUNCTION almanac.note_outcome FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.note_outcome TO almanac_worker;
