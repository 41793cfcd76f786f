-- The moment up to which an erase removes data: when the user requested it, also if an operator repeats it later.
CREATE OR REPLACE FUNCTION almanac.erase_before(p_erase almanac.jobs) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN coalesce((p_erase.payload ->> 'before')::timestamptz, p_erase.created_at);
REVOKE ALL ON FUNCTION almanac.erase_before FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_before TO almanac_worker;
