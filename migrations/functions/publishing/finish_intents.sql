-- Hook on_finish: ends intents and their effects, and writes receipts. p_results: {"status", "effect", "external_id",
-- "external_url", "proof", "address"}; `effect` is null if the attempt sent nothing; `address`, if not null, is what the channel
-- is asked by for the address of the post from a minute later on. A job that ends without its worker, e.g.
-- cancelled while queued or poison, may have sent something: then only a person can tell, and the intent needs a review,
-- unless a worker that had lost its lease confirmed the post. What was known of uploads is of no more use, and secret.
-- The final event is the platform's: the status and error of the job. A receipt is written if a byte may have left and the intent is final.
CREATE OR REPLACE FUNCTION almanac.finish_intents(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_result jsonb;
    v_intent almanac.publish_intents;
    v_effect almanac.effects;
    v_is_open boolean;
    v_error jsonb;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        v_result := p_results[i];
        UPDATE almanac.publish_attempts a SET error = v_job.error WHERE a.user_id = v_job.user_id AND a.id = v_job.id;
        SELECT t.* INTO v_intent
          FROM almanac.publish_attempts a
          JOIN almanac.publish_intents t ON t.user_id = a.user_id AND t.id = a.intent_id
         WHERE a.user_id = v_job.user_id AND a.id = v_job.id;
        CONTINUE WHEN NOT FOUND OR v_intent.status NOT IN ('pending', 'publishing', 'unknown');
        SELECT e.* INTO v_effect FROM almanac.effects e WHERE e.dedupe_key = almanac.post_key(v_intent);
        v_is_open := coalesce(v_effect.state IN ('sending', 'unknown'), false);
        IF v_result IS NULL THEN
            v_result := CASE WHEN v_is_open THEN jsonb_build_object(
                                  'status', 'needs_review', 'effect', 'needs_review',
                                  'proof', jsonb_build_object('reason', 'the attempt ended before its outcome was known'))
                             WHEN v_effect.state = 'confirmed' THEN jsonb_build_object(
                                  'status', 'published', 'external_id', v_effect.provider_ref,
                                  'external_url', v_effect.last_error ->> 'external_url',
                                  'proof', v_effect.last_error -> 'proof', 'address', v_effect.last_error -> 'address')
                             ELSE jsonb_build_object(
                                  'status', CASE v_job.state WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END) END;
        END IF;
        IF v_result ->> 'status' = 'published' THEN
            v_error := NULL;
        ELSIF p_results[i] IS NULL AND v_is_open THEN
            v_error := jsonb_build_object('code', 'OUTCOME_UNKNOWN', 'message',
                'The attempt ended while its post was being sent. Look on the channel whether it is there.');
        ELSE
            v_error := v_job.error;
        END IF;
        IF v_result ->> 'effect' IS NOT NULL THEN
            UPDATE almanac.effects e
               SET state = v_result ->> 'effect', provider_ref = v_result ->> 'external_id', last_error = v_error
             WHERE e.dedupe_key = almanac.post_key(v_intent);
        END IF;
        UPDATE almanac.publish_intents t
           SET error = v_error, known = coalesce(nullif(v_result -> 'address', 'null'), '{}'),
               address_due_at = CASE WHEN nullif(v_result -> 'address', 'null') IS NOT NULL
                                     THEN clock_timestamp() + interval '1 min' END,
               external_id = coalesce(v_result ->> 'external_id', t.external_id),
               external_url = coalesce(v_result ->> 'external_url', t.external_url)
         WHERE t.user_id = v_intent.user_id AND t.id = v_intent.id;
        v_intent := almanac.move_intent(v_intent.user_id, v_intent.id, v_result ->> 'status',
                                        nullif(v_result -> 'proof', 'null'));
        IF v_intent.sent_at IS NOT NULL AND v_intent.status IN ('published', 'failed', 'cancelled') THEN
            PERFORM almanac.write_receipt(v_intent);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_intents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_intents TO almanac_worker;
