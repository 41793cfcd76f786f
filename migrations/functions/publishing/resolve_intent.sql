-- A person says what became of an intent of theirs that needs a review: p_outcome is published or not_published. Writes its
-- receipt. Returns resolved · missing · unfinished (it is on its way) · final (it needs no review).
CREATE OR REPLACE FUNCTION almanac.resolve_intent(p_intent uuid, p_outcome text, p_url text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_user uuid := almanac.uid();
    v_published boolean := p_outcome = 'published';
    v_intent almanac.publish_intents;
BEGIN
    -- The chain first, as at the end of a job.
    PERFORM FROM almanac.publish_receipt_heads h WHERE h.user_id = v_user FOR NO KEY UPDATE;
    SELECT * INTO v_intent FROM almanac.publish_intents i WHERE i.user_id = v_user AND i.id = p_intent FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'missing';
    ELSIF v_intent.status IN ('pending', 'publishing', 'unknown') THEN
        RETURN 'unfinished';
    ELSIF v_intent.status <> 'needs_review' THEN
        RETURN 'final';
    END IF;
    UPDATE almanac.effects e SET state = CASE WHEN v_published THEN 'confirmed' ELSE 'abandoned' END
     WHERE e.dedupe_key = almanac.post_key(v_intent) AND e.state IN ('sending', 'unknown', 'needs_review');
    UPDATE almanac.publish_intents i
       SET external_url = coalesce(p_url, i.external_url),
           error = CASE WHEN v_published THEN NULL ELSE i.error END
     WHERE i.user_id = v_user AND i.id = p_intent;
    v_intent := almanac.move_intent(v_user, p_intent, CASE WHEN v_published THEN 'published' ELSE 'failed' END,
                                    jsonb_build_object('resolvedBy', v_user));
    PERFORM almanac.write_receipt(v_intent);
    RETURN 'resolved';
END
$$;
REVOKE ALL ON FUNCTION almanac.resolve_intent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.resolve_intent TO authenticated;
