-- What suppressions, recipients and keys know an address by: SHA-256 of its lower-case form.
CREATE OR REPLACE FUNCTION almanac.address_hash(p_address text) RETURNS bytea
LANGUAGE sql IMMUTABLE
AS $$ SELECT sha256(convert_to(lower(p_address), 'UTF8')) $$;
REVOKE ALL ON FUNCTION almanac.address_hash FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.address_hash TO almanac_worker;
