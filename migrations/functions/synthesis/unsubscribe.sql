-- Ends the mails of a theme to the recipient of a token or, with p_all, all mail of this service to that address.
-- Idempotent; false if the token is unknown.
CREATE OR REPLACE FUNCTION almanac.unsubscribe(p_token text, p_all boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms'
AS $$
DECLARE
    v_hash bytea;
BEGIN
    UPDATE almanac.email_recipients r SET unsubscribed_at = coalesce(r.unsubscribed_at, clock_timestamp())
     WHERE r.token = p_token
    RETURNING r.address_hash INTO v_hash;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p_all THEN
        INSERT INTO almanac.email_suppressions (address_hash, reason) VALUES (v_hash, 'unsubscribed')
        ON CONFLICT (address_hash) DO NOTHING;
    END IF;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION almanac.unsubscribe FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.unsubscribe TO almanac_api;
