-- Right before the request that publishes, under the lease: the effect becomes `sending` until p_within is over. Returns
-- `sending`, or without a change: `off` (the flag is off for the user; p_default applies while it has no row), `deleted`
-- or `changed` (the entry is not of version p_version any more, or the account is another one of the vendor), `taken` (the
-- effect is not planned: it may have been sent).
CREATE OR REPLACE FUNCTION almanac.begin_sending(
    p_job uuid, p_epoch bigint, p_effect uuid, p_version bigint, p_within interval, p_default boolean)
RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
    v_intent almanac.publish_intents;
    v_current bigint;
    v_now timestamptz := clock_timestamp();
BEGIN
    SELECT i.* INTO STRICT v_intent
      FROM almanac.publish_attempts a
      JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
     WHERE a.user_id = v_user AND a.id = p_job;
    IF NOT coalesce((SELECT f.enabled AND (f.users IS NULL OR v_user = ANY (f.users)) FROM almanac.feature_flags f
                      WHERE f.name = 'PUBLISH_SERVICE_ENABLED'), p_default) THEN
        RETURN 'off';
    END IF;
    v_current := almanac.entry_version(v_intent);
    IF v_current IS DISTINCT FROM p_version THEN
        RETURN CASE WHEN v_current IS NULL THEN 'deleted' ELSE 'changed' END;
    END IF;
    IF EXISTS (SELECT FROM almanac.channel_credentials c
                WHERE c.user_id = v_user AND c.channel = v_intent.channel AND c.account_id = v_intent.account_id
                  AND c.external_id <> v_intent.external_account) THEN
        RETURN 'changed';
    END IF;
    INSERT INTO almanac.effects AS e (id, kind, dedupe_key, user_id, job_id, state, epoch, send_deadline, provider_key,
                                      payload_hash, attempts)
    VALUES (p_effect, 'post', almanac.post_key(v_intent), v_user, p_job, 'sending', p_epoch, v_now + p_within,
            v_intent.channel || '/' || v_intent.account_id, decode(v_intent.payload_hash, 'hex'), 1)
    ON CONFLICT (dedupe_key) DO UPDATE
       SET state = 'sending', epoch = excluded.epoch, send_deadline = excluded.send_deadline, attempts = e.attempts + 1
     WHERE e.state = 'planned';
    IF NOT FOUND THEN
        RETURN 'taken';
    END IF;
    UPDATE almanac.publish_intents i
       SET sent_at = coalesce(i.sent_at, v_now), updated_at = v_now,
           -- What its channel needs from now on is another wait than the one before the first request.
           waiting_since = CASE WHEN i.sent_at IS NULL THEN NULL ELSE i.waiting_since END
     WHERE i.user_id = v_user AND i.id = v_intent.id;
    RETURN 'sending';
END
$$;
REVOKE ALL ON FUNCTION almanac.begin_sending FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.begin_sending TO almanac_worker;
