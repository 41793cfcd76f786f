-- Whether an effect or a domain row still refers to a job, so that the row of the job has to stay.
CREATE OR REPLACE FUNCTION almanac.is_referred_to(p_user uuid, p_job uuid) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_table text;
    v_found boolean;
BEGIN
    IF EXISTS (SELECT FROM almanac.effects e WHERE e.user_id = p_user AND e.job_id = p_job) THEN
        RETURN true;
    END IF;
    SELECT k.domain_table INTO v_table
      FROM almanac.jobs j JOIN almanac.job_kinds k ON k.kind = j.kind
     WHERE j.user_id = p_user AND j.id = p_job;
    IF v_table IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s d WHERE d.user_id = $1 AND d.id = $2)', v_table)
       INTO v_found USING p_user, p_job;
    RETURN v_found;
END
$$;
REVOKE ALL ON FUNCTION almanac.is_referred_to FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.is_referred_to TO almanac_worker;
