-- Records what the provider reports of a mail, by the delivery that its tag names: never back, and whether or not our own
-- record of the request exists. Permanent bounces and complaints suppress the address everywhere: p_to, if the delivery was
-- deleted since. Returns whether the delivery exists. The caller has checked the signature.
CREATE OR REPLACE FUNCTION almanac.record_mail_event(
    p_delivery uuid, p_status text, p_is_permanent boolean, p_provider_ref text, p_to text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms'
AS $$
DECLARE
    v_delivery almanac.email_deliveries;
    v_is_known boolean;
    v_address text;
BEGIN
    SELECT d.* INTO v_delivery FROM almanac.email_deliveries d WHERE d.id = p_delivery FOR NO KEY UPDATE;
    v_is_known := FOUND;
    v_address := coalesce(v_delivery.address, p_to);
    IF v_address IS NOT NULL AND (p_status = 'complained' OR p_status = 'bounced' AND p_is_permanent) THEN
        PERFORM almanac.suppress(v_address, CASE p_status WHEN 'bounced' THEN 'bounce' ELSE 'complaint' END);
    END IF;
    IF NOT v_is_known THEN
        RETURN false;
    END IF;
    UPDATE almanac.email_deliveries d
       SET status = CASE WHEN almanac.mail_rank(p_status) > almanac.mail_rank(d.status) THEN p_status ELSE d.status END,
           provider_ref = coalesce(d.provider_ref, p_provider_ref), updated_at = clock_timestamp()
     WHERE d.user_id = v_delivery.user_id AND d.id = v_delivery.id;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION almanac.record_mail_event FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.record_mail_event TO almanac_api;
