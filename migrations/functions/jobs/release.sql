-- Returns a running job to the queue under the holder's epoch, or ends it if it must not wait there. p_why:
--   retry  an attempt is counted, and the next one starts after p_after;
--   hold   the provider cannot serve now: nothing is counted, held_since is kept or begins. A job that was held for p_most
--          without any content fails. One that made no call and has no event yet counts as never started.
--   leave  a newer worker can do it: nothing is counted, p_after until the next try;
--   drain  the process ends or lost its store: nothing is counted, and the job keeps its place (run_at).
-- A job whose cancellation was requested ends here, in the same statement: it would otherwise wait for its pause. One that
-- has to find something out first waits.
-- Returns `queued`, or the final state and the event that ended the job; no row if the lease is lost.
CREATE OR REPLACE FUNCTION almanac.release(
    p_id uuid, p_epoch bigint, p_why text, p_after interval, p_most interval)
RETURNS TABLE (state text, seq bigint, type text, data text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_job almanac.jobs;
    v_fresh boolean := false;
    v_seq bigint;
    v_error jsonb;
BEGIN
    SELECT * INTO v_job FROM almanac.jobs j
     WHERE j.id = p_id AND j.epoch = p_epoch AND j.state = 'running' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    state := 'queued';
    IF v_job.cancel_requested_at IS NOT NULL AND almanac.may_end_cancelled(v_job) THEN
        state := 'cancelled';
        v_error := jsonb_build_object(
            'code', 'CANCELLED', 'message', 'Cancelled by request.');
    ELSIF p_why = 'hold' AND v_job.held_since + p_most <= v_now THEN
        state := 'failed';
        v_error := jsonb_build_object('code', 'PROVIDER_UNAVAILABLE',
            'message', 'The model could not be reached for too long. Please try again later.');
    END IF;
    IF v_error IS NOT NULL THEN
        v_seq := almanac.finish(p_id, p_epoch, state, v_error);
        SELECT e.seq, e.type, e.data INTO seq, type, data
          FROM almanac.job_events e WHERE e.job_id = p_id AND e.seq = v_seq;
        RETURN NEXT;
        RETURN;
    END IF;

    IF p_why = 'hold' THEN
        v_job.held_since := coalesce(v_job.held_since, v_now);
        v_job.held_until := v_job.held_since + p_most;
        v_fresh := v_job.last_seq = 0 AND NOT EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = p_id);
    END IF;
    IF v_fresh THEN
        v_job.started_at := NULL;
        v_job.deadline_at := NULL;
    END IF;
    UPDATE almanac.jobs j
       SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL,
           attempt = j.attempt + (p_why = 'retry')::int, held_since = v_job.held_since,
           held_until = v_job.held_until, started_at = v_job.started_at, deadline_at = v_job.deadline_at,
           run_at = CASE WHEN p_why = 'drain' THEN j.run_at
                         ELSE least(v_now + p_after, v_job.deadline_at, v_job.held_until) END
     WHERE j.id = p_id
    RETURNING j.* INTO v_job;
    IF v_fresh THEN
        PERFORM almanac.note_start(ARRAY[v_job]);
    END IF;
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.release FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.release TO almanac_worker;
