-- Retries a failed intent of the calling user: a new job, as an operator's retry makes it. Outcomes: new · missing ·
-- unfinished (it is on its way) · final (published or cancelled) · review (only a person knows whether it was published) ·
-- taken (another intent of the entry is on its way) · active (an erase of the user's data is pending). Every outcome but
-- `new` has to be rolled back.
CREATE OR REPLACE FUNCTION almanac.retry_publication(p_intent uuid, p_new uuid, p_trace text, p_request text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_user uuid := almanac.uid();
    v_status text;
    v_job uuid;
    v_outcome text;
BEGIN
    SELECT i.status INTO v_status FROM almanac.publish_intents i WHERE i.user_id = v_user AND i.id = p_intent;
    IF NOT FOUND THEN
        RETURN 'missing';
    ELSIF v_status <> 'failed' THEN
        RETURN CASE WHEN v_status IN ('pending', 'publishing', 'unknown') THEN 'unfinished'
                    WHEN v_status = 'needs_review' THEN 'review'
                    ELSE 'final' END;
    END IF;
    -- Only a job that was submitted for this intent: users can write attempts.
    SELECT a.id INTO v_job
      FROM almanac.publish_attempts a
      JOIN almanac.jobs j ON j.user_id = a.user_id AND j.id = a.id
     WHERE a.user_id = v_user AND a.intent_id = p_intent
       AND j.kind = 'publishing.publish' AND j.subject_id = p_intent::text
     ORDER BY a.id DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'missing';
    END IF;
    SELECT r.outcome INTO v_outcome FROM almanac.retry_job(v_job, p_new, NULL, p_trace, p_request) AS r;
    RETURN CASE v_outcome WHEN 'gone' THEN 'taken' ELSE v_outcome END;
END
$$;
REVOKE ALL ON FUNCTION almanac.retry_publication FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.retry_publication TO authenticated;
