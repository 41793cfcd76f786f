-- Whether an effect or a domain row still refers to a job, so that the row of the job has to stay.
CREATE OR REPLACE FUNCTION almanac.is_referred_to(p_user uuid, p_job uuid) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT EXISTS (SELECT FROM almanac.effects e WHERE e.user_id = p_user AND e.job_id = p_job)
        OR EXISTS (SELECT FROM almanac.ai_generations g WHERE g.user_id = p_user AND g.id = p_job)
        OR EXISTS (SELECT FROM almanac.calendar_runs r WHERE r.user_id = p_user AND r.id = p_job)
        OR EXISTS (SELECT FROM almanac.organic_runs r WHERE r.user_id = p_user AND r.id = p_job)
$$;
REVOKE ALL ON FUNCTION almanac.is_referred_to FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.is_referred_to TO almanac_worker;
