-- First step of an erase: the user's older jobs end. Queued ones end at once, running ones are asked to cancel. Returns
-- jobs that have not ended yet; the erase deletes nothing before this is empty. At most 200 jobs per call, so that the
-- fence is held for a short time. A row that another transaction holds is not waited for; its job counts as running.
CREATE OR REPLACE FUNCTION almanac.erase_stop(p_job uuid, p_epoch bigint) RETURNS SETOF uuid
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_before timestamptz := almanac.erase_before(v_me);
    v_other uuid;
    v_state text;
    v_seen int := 0;
BEGIN
    FOR v_other IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.user_id = v_me.user_id AND CASE WHEN j.finished_at IS NULL THEN true ELSE false END
           AND j.id <> p_job AND j.state IN ('queued', 'running')
           AND almanac.requested_at(j.user_id, j.id, j.created_at) <= v_before
    LOOP
        v_seen := v_seen + 1;
        IF v_seen > 200 THEN
            RETURN NEXT v_other;
            RETURN;
        END IF;
        BEGIN
            SELECT j.state INTO v_state FROM almanac.jobs j WHERE j.id = v_other FOR UPDATE SKIP LOCKED;
            IF v_state = 'queued' THEN
                PERFORM almanac.finish(v_other, NULL, 'cancelled', jsonb_build_object(
                    'code', 'CANCELLED', 'message', 'Cancelled: all data of its owner is being removed.'));
            ELSIF v_state = 'running' THEN
                UPDATE almanac.jobs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
                 WHERE id = v_other;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            -- Its domain row is locked; it is tried again in the next round.
            v_state := NULL;
        END;
        IF v_state IS NULL OR v_state = 'running' THEN
            RETURN NEXT v_other;
            -- One wait per round: each costs the lock time-out, and the fence is held for all of it.
            IF v_state IS NULL THEN
                RETURN;
            END IF;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_stop FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_stop TO almanac_worker;
