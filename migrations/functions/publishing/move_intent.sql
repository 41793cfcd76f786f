-- Sets the status of an intent; a change becomes an event with its proof. Called under the job's lease or its end.
CREATE OR REPLACE FUNCTION almanac.move_intent(p_user uuid, p_intent uuid, p_status text, p_proof jsonb)
RETURNS almanac.publish_intents
LANGUAGE plpgsql
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_intent almanac.publish_intents;
BEGIN
    UPDATE almanac.publish_intents i
       SET status = p_status, updated_at = v_now,
           events = CASE WHEN i.status = p_status AND p_proof IS NULL THEN i.events ELSE i.events || jsonb_build_array(
               jsonb_strip_nulls(jsonb_build_object(
                   'at', to_char(v_now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   'from', i.status, 'to', p_status, 'proof', p_proof))) END
     WHERE i.user_id = p_user AND i.id = p_intent
    RETURNING i.* INTO v_intent;
    RETURN v_intent;
END
$$;
REVOKE ALL ON FUNCTION almanac.move_intent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.move_intent TO almanac_worker;
