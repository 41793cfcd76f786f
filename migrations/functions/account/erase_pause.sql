-- Returns an erase that waits for older jobs or for locked rows to the queue: its slot is free, and nothing is charged.
-- False, and nothing is written, if cancellation was requested. SQLSTATE LL001 if the lease is lost.
CREATE OR REPLACE FUNCTION almanac.erase_pause(p_job uuid, p_epoch bigint, p_for interval) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
BEGIN
    UPDATE almanac.jobs
       SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL, run_at = clock_timestamp() + p_for
     WHERE id = v_me.id AND cancel_requested_at IS NULL;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_pause FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_pause TO almanac_worker;
