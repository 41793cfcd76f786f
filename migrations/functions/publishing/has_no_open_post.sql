-- Hook on_cancel: whether the intent of a job has no post of which it is unknown whether the channel has it. One that has is
-- looked up by its job before it ends.
CREATE OR REPLACE FUNCTION almanac.has_no_open_post(p_job almanac.jobs) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM almanac.publish_attempts a
          JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
          JOIN almanac.effects e ON e.dedupe_key = almanac.post_key(i)
         WHERE a.user_id = p_job.user_id AND a.id = p_job.id
           AND i.status IN ('pending', 'publishing', 'unknown') AND e.state IN ('sending', 'unknown'));
END
$$;
REVOKE ALL ON FUNCTION almanac.has_no_open_post FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.has_no_open_post TO almanac_worker;
