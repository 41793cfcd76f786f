-- No more mail of this service to an address. Idempotent.
CREATE OR REPLACE FUNCTION almanac.suppress(p_address text, p_reason text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.email_suppressions (address_hash, reason) VALUES (almanac.address_hash(p_address), p_reason)
    ON CONFLICT (address_hash) DO NOTHING;
END
$$;
REVOKE ALL ON FUNCTION almanac.suppress FROM PUBLIC;
