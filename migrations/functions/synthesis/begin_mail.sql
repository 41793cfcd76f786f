-- Right before the request that mails, under the lease: the effect becomes `sending` until p_within is over. Returns
-- `sending`, or without a change: `sent` (the provider has reported the mail), `suppressed` (the address gets no mail, or
-- none of this theme), `removed` (it is no recipient of the schedule any more), `gone` (the delivery was deleted with its
-- theme), `taken` (the effect is not planned: it may have been sent).
CREATE OR REPLACE FUNCTION almanac.begin_mail(
    p_job uuid, p_epoch bigint, p_effect uuid, p_provider text, p_within interval)
RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
    v_delivery almanac.email_deliveries;
    v_hash bytea;
    v_now timestamptz := clock_timestamp();
BEGIN
    SELECT d.* INTO v_delivery FROM almanac.email_deliveries d
     WHERE d.user_id = v_user AND d.id = p_job FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF v_delivery.status <> 'pending' THEN
        RETURN 'sent';
    END IF;
    v_hash := almanac.address_hash(v_delivery.address);
    IF EXISTS (SELECT FROM almanac.email_suppressions s WHERE s.address_hash = v_hash)
       OR EXISTS (SELECT FROM almanac.email_recipients r
                   WHERE r.user_id = v_user AND r.theme_id = v_delivery.theme_id AND r.address_hash = v_hash
                     AND r.unsubscribed_at IS NOT NULL) THEN
        RETURN 'suppressed';
    END IF;
    IF v_delivery.fire_date IS NOT NULL AND NOT EXISTS (
           SELECT FROM almanac.theme_schedules s
            CROSS JOIN jsonb_array_elements_text(s.emails) AS e (address)
            WHERE s.user_id = v_user AND s.theme_id = v_delivery.theme_id
              AND almanac.address_hash(e.address) = v_hash) THEN
        RETURN 'removed';
    END IF;
    INSERT INTO almanac.effects AS e (id, kind, dedupe_key, user_id, job_id, state, epoch, send_deadline, provider_key,
                                      payload_hash, attempts)
    VALUES (p_effect, 'email', v_delivery.dedupe_key, v_user, p_job, 'sending', p_epoch, v_now + p_within, p_provider,
            sha256(convert_to(v_delivery.html, 'UTF8')), 1)
    ON CONFLICT (dedupe_key) DO UPDATE
       SET state = 'sending', epoch = excluded.epoch, send_deadline = excluded.send_deadline, attempts = e.attempts + 1
     WHERE e.state = 'planned';
    IF NOT FOUND THEN
        RETURN 'taken';
    END IF;
    UPDATE almanac.email_deliveries d
       SET first_sent_at = coalesce(d.first_sent_at, v_now), updated_at = v_now
     WHERE d.user_id = v_user AND d.id = p_job;
    RETURN 'sending';
END
$$;
REVOKE ALL ON FUNCTION almanac.begin_mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.begin_mail TO almanac_worker;
