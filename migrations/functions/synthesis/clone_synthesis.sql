-- Hook on_retry: copies the domain row of a retried job under the new job's id. It is a synthesis that an operator asks
-- for: its fire has its own attempts, and it mails nobody. False if it was deleted.
CREATE OR REPLACE FUNCTION almanac.clone_synthesis(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.syntheses (id, user_id, theme_id, model, prompt_version, zone)
    SELECT p_new, s.user_id, s.theme_id, s.model, s.prompt_version, s.zone
      FROM almanac.syntheses s
     WHERE s.user_id = p_old.user_id AND s.id = p_old.id;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.clone_synthesis FROM PUBLIC;
