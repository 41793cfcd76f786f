-- Undoes claims whose answer never reached the worker because the connection broke: no task works on them, and an
-- outage is not a crash. Calls opened with them were not made.
CREATE OR REPLACE FUNCTION almanac.unclaim(p_ids uuid[], p_owner text) RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    FOR v_job IN
        SELECT * FROM almanac.jobs j
         WHERE j.id = ANY (p_ids) AND j.state = 'running' AND j.lease_owner = p_owner
         ORDER BY j.id
           FOR UPDATE
    LOOP
        DELETE FROM almanac.llm_calls c
         WHERE c.job_id = v_job.id AND c.epoch = v_job.epoch AND c.state = 'started';
        UPDATE almanac.jobs SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL WHERE id = v_job.id;
        RETURN NEXT v_job.id;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.unclaim FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.unclaim TO almanac_worker;
