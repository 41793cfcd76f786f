-- What became of a request that publishes while the attempt goes on: p_effect is `unknown` (no answer) or `planned`
-- (certainly not executed; p_note then holds the proof under "proof"). p_status is the intent's.
CREATE OR REPLACE FUNCTION almanac.note_outcome(
    p_job uuid, p_epoch bigint, p_effect text, p_status text, p_note jsonb)
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
    UPDATE almanac.effects e SET state = p_effect, last_error = p_note
     WHERE e.dedupe_key = almanac.post_key(v_intent) AND e.state IN ('sending', 'unknown');
    PERFORM almanac.move_intent(v_user, v_intent.id, p_status, p_note -> 'proof');
END
$$;
REVOKE ALL ON FUNCTION almanac.note_outcome FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.note_outcome TO almanac_worker;
