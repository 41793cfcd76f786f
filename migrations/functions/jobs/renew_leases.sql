-- Renews the leases that this worker still holds, and returns whether cancellation was requested. A row that another
-- transaction holds is not waited for: one row held for seconds would cost all others their leases. Such a job is
-- returned with renewed = false and is asked about again soon.
CREATE OR REPLACE FUNCTION almanac.renew_leases(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean, renewed boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_held record;
BEGIN
    FOR v_held IN SELECT u.job, u.epoch FROM unnest(p_ids, p_epochs) AS u (job, epoch) ORDER BY u.job LOOP
        UPDATE almanac.jobs j
           SET lease_expires_at = clock_timestamp() + p_lease
         WHERE j.id = (
               SELECT free.id FROM almanac.jobs free
                WHERE free.id = v_held.job AND free.epoch = v_held.epoch AND free.state = 'running'
                  FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING j.id, j.cancel_requested_at IS NOT NULL INTO id, cancel_requested;
        renewed := FOUND;
        IF NOT renewed THEN
            SELECT j.id, j.cancel_requested_at IS NOT NULL INTO id, cancel_requested
              FROM almanac.jobs j
             WHERE j.id = v_held.job AND j.epoch = v_held.epoch AND j.state = 'running';
            CONTINUE WHEN NOT FOUND;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.renew_leases FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.renew_leases TO almanac_worker;
