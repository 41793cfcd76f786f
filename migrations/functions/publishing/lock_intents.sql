-- Hook on_lock: locks the intents, effects and receipt chains of jobs without waiting. Returns the jobs of which another
-- transaction holds a row.
CREATE OR REPLACE FUNCTION almanac.lock_intents(p_users uuid[], p_jobs uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
AS $$
DECLARE
    v_intents uuid[];
    v_heads uuid[];
    v_effects text[];
BEGIN
    v_heads := ARRAY(SELECT h.user_id FROM almanac.publish_receipt_heads h
                      WHERE h.user_id = ANY (p_users) ORDER BY h.user_id FOR NO KEY UPDATE SKIP LOCKED);
    v_intents := ARRAY(
        SELECT i.id FROM unnest(p_users, p_jobs) AS j (user_id, id)
          JOIN almanac.publish_attempts a ON a.user_id = j.user_id AND a.id = j.id
          JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
           FOR NO KEY UPDATE OF i SKIP LOCKED);
    v_effects := ARRAY(
        SELECT e.dedupe_key FROM unnest(p_users, p_jobs) AS j (user_id, id)
          JOIN almanac.publish_attempts a ON a.user_id = j.user_id AND a.id = j.id
          JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
          JOIN almanac.effects e ON e.dedupe_key = almanac.post_key(i)
           FOR NO KEY UPDATE OF e SKIP LOCKED);
    RETURN ARRAY(
        SELECT j.id FROM unnest(p_users, p_jobs) AS j (user_id, id)
          JOIN almanac.publish_attempts a ON a.user_id = j.user_id AND a.id = j.id
          JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
         WHERE i.id <> ALL (v_intents)
            OR j.user_id <> ALL (v_heads)
               AND EXISTS (SELECT FROM almanac.publish_receipt_heads h WHERE h.user_id = j.user_id)
            OR EXISTS (SELECT FROM almanac.effects e
                        WHERE e.dedupe_key = almanac.post_key(i) AND e.dedupe_key <> ALL (v_effects)));
END
$$;
REVOKE ALL ON FUNCTION almanac.lock_intents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_intents TO almanac_worker;
