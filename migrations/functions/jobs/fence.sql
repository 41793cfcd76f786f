-- Proves that the caller holds the job under this epoch, and locks the row until its transaction ends.
-- SQLSTATE LL001 if the lease is lost.
CREATE OR REPLACE FUNCTION almanac.fence(p_id uuid, p_epoch bigint) RETURNS almanac.jobs
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    SELECT * INTO v_job FROM almanac.jobs
     WHERE id = p_id AND epoch = p_epoch AND state = 'running' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    RETURN v_job;
END
$$;
REVOKE ALL ON FUNCTION almanac.fence FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.fence TO almanac_worker;
