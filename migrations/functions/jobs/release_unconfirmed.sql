-- Undoes claims of a lane whose answer never reached the worker because the connection broke: running jobs of p_owner
-- that are not among those it holds (p_held with p_epochs). No task works on them, and an outage is not a crash. Calls
-- opened with them were not made. A row that another transaction holds is returned with released = false, to be tried
-- again.
CREATE OR REPLACE FUNCTION almanac.release_unconfirmed(p_lane text, p_owner text, p_held uuid[], p_epochs bigint[])
RETURNS TABLE (id uuid, released boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
BEGIN
    -- Bounded by the slots of all workers: the index holds running jobs only.
    FOR id IN
        SELECT j.id FROM almanac.jobs j
         WHERE CASE j.state WHEN 'running' THEN true ELSE false END AND j.lane = p_lane AND j.lease_owner = p_owner
           AND NOT EXISTS (SELECT FROM unnest(p_held, p_epochs) AS h (id, epoch)
                            WHERE h.id = j.id AND h.epoch = j.epoch)
    LOOP
        SELECT * INTO v_job FROM almanac.jobs j
         WHERE j.id = release_unconfirmed.id AND j.state = 'running' AND j.lease_owner = p_owner
           FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND OR (v_job.cancel_requested_at IS NOT NULL AND NOT almanac.lock_subject(v_job)) THEN
            released := false;
            RETURN NEXT;
            CONTINUE;
        END IF;
        DELETE FROM almanac.llm_calls c
         WHERE c.job_id = v_job.id AND c.epoch = v_job.epoch AND c.state = 'started';
        UPDATE almanac.jobs j SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL WHERE j.id = v_job.id;
        released := true;
        IF v_job.cancel_requested_at IS NOT NULL THEN
            PERFORM almanac.finish(v_job.id, NULL, 'cancelled', jsonb_build_object(
                'code', 'CANCELLED', 'message', 'Cancelled before it started.'));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.release_unconfirmed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.release_unconfirmed TO almanac_worker;
