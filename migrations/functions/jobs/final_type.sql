-- The type of the final event: `complete` for organic, `done` for all others.
CREATE OR REPLACE FUNCTION almanac.final_type(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN p_kind LIKE 'organic.%' THEN 'complete' ELSE 'done' END
$$;
REVOKE ALL ON FUNCTION almanac.final_type FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.final_type TO almanac_worker;
