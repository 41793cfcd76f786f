-- Hook on_retry: copies the domain row of a retried job under the new job's id, from the same request. It is planned again.
-- False if what it was made from is no longer stored.
CREATE OR REPLACE FUNCTION almanac.clone_organic_run(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version)
    SELECT p_new, r.user_id, r.brand_id, r.week_start, r.request, r.model, r.prompt_version
      FROM almanac.organic_runs r
     WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.clone_organic_run FROM PUBLIC;
