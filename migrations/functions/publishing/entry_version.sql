-- The version of an intent's entry as it is saved now; null if the entry was deleted.
CREATE OR REPLACE FUNCTION almanac.entry_version(p_intent almanac.publish_intents) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF p_intent.brand_id IS NOT NULL THEN
        RETURN (SELECT p.version FROM almanac.organic_placements p
                 WHERE p.user_id = p_intent.user_id AND p.brand_id = p_intent.brand_id
                   AND p.placement_id = p_intent.entry_id);
    END IF;
    RETURN (SELECT e.version FROM almanac.calendar_entries e
             WHERE e.user_id = p_intent.user_id AND e.id = p_intent.entry_id::uuid AND NOT e.deleted);
END
$$;
REVOKE ALL ON FUNCTION almanac.entry_version FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.entry_version TO almanac_worker;
