-- Returns jobs with expired leases to the queue, with a crash counted and run_at untouched, so a rescued job goes first.
-- State and time are checked again in the UPDATE itself. Too many crashes: poison, through finish(). A job whose
-- cancellation was requested ends as cancelled, unless it has to find something out first. One that ends and whose domain row another transaction holds is left to
-- the next round. One that cannot be ended, because a row of its user is damaged, is returned as `unended`.
-- Reads the running jobs, of which there are as few as slots: no index has lease_expires_at, so that a renewal touches
-- none. The settings keep that plan, also if it was made while the table was empty.
CREATE OR REPLACE FUNCTION almanac.reap(p_max_crashes int) RETURNS TABLE (id uuid, lane text, state text)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_id uuid;
    v_job almanac.jobs;
BEGIN
    FOR v_id IN
        SELECT j.id FROM almanac.jobs j
         WHERE CASE j.state WHEN 'running' THEN true ELSE false END AND j.lease_expires_at < v_now
         ORDER BY j.lease_expires_at
         LIMIT 200
           FOR UPDATE SKIP LOCKED
    LOOP
        SELECT * INTO v_job FROM almanac.jobs j WHERE j.id = v_id;
        BEGIN
            CONTINUE WHEN (v_job.cancel_requested_at IS NOT NULL OR v_job.crashes + 1 >= p_max_crashes)
                          AND NOT almanac.lock_subject(v_job);
            UPDATE almanac.jobs j
               SET state = 'queued', crashes = crashes + 1, crashed_epoch = j.epoch, lease_owner = NULL,
                   lease_expires_at = NULL
             WHERE j.id = v_id AND j.state = 'running' AND j.lease_expires_at < v_now
            RETURNING j.* INTO v_job;
            CONTINUE WHEN NOT FOUND;
            IF v_job.cancel_requested_at IS NOT NULL AND almanac.may_end_cancelled(v_job) THEN
                PERFORM almanac.finish(v_id, NULL, 'cancelled', jsonb_build_object(
                    'code', 'CANCELLED', 'message', 'Cancelled by request.'));
                v_job.state := 'cancelled';
            ELSIF v_job.crashes >= p_max_crashes THEN
                PERFORM almanac.finish(v_id, NULL, 'dead', jsonb_build_object(
                    'code', 'POISON', 'message', 'This job stopped its worker too often and was given up.'));
                v_job.state := 'dead';
            END IF;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected THEN
                CONTINUE;
            WHEN OTHERS THEN
                -- A damaged row costs its owner only: the round goes on, and comes back to this one later than to others.
                UPDATE almanac.jobs j SET lease_expires_at = v_now + interval '1 min' WHERE j.id = v_id;
                v_job.state := 'unended';
        END;
        id := v_id;
        lane := v_job.lane;
        state := v_job.state;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.reap FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.reap TO almanac_worker;
