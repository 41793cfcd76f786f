-- The effect of an attempt: its key in the ledger. A retry that a person asked for is another effect.
CREATE OR REPLACE FUNCTION almanac.post_key(p_intent almanac.publish_intents) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT 'post/' || p_intent.id || '/' || p_intent.attempt $$;
REVOKE ALL ON FUNCTION almanac.post_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.post_key TO almanac_worker;
