-- JSON as RFC 8785 writes it, for values whose names are ASCII and whose numbers are whole: receipts are hashed in it.
-- Postgres escapes texts as the RFC does.
CREATE OR REPLACE FUNCTION almanac.canonical_json(p_value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN CASE jsonb_typeof(p_value)
        WHEN 'object' THEN '{' || coalesce((
            SELECT string_agg(to_json(m.key)::text || ':' || almanac.canonical_json(m.value), ',' ORDER BY m.key COLLATE "C")
              FROM jsonb_each(p_value) AS m (key, value)), '') || '}'
        WHEN 'array' THEN '[' || coalesce((
            SELECT string_agg(almanac.canonical_json(e.value), ',' ORDER BY e.place)
              FROM jsonb_array_elements(p_value) WITH ORDINALITY AS e (value, place)), '') || ']'
        ELSE p_value::text END;
END
$$;
REVOKE ALL ON FUNCTION almanac.canonical_json FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.canonical_json TO almanac_worker;
