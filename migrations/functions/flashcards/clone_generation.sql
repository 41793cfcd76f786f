-- Hook on_retry: copies the domain row of a retried job under the new job's id, from the same request. The text may be pruned.
-- False if what it was made from is no longer stored.
CREATE OR REPLACE FUNCTION almanac.clone_generation(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
    SELECT p_new, g.user_id, g.source_text, g.model, g.prompt_version
      FROM almanac.ai_generations g
     WHERE g.user_id = p_old.user_id AND g.id = p_old.id AND g.source_text IS NOT NULL;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.clone_generation FROM PUBLIC;
