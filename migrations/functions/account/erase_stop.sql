-- First step of an erase: the user's other jobs end. Queued ones at once, running ones are marked; returns those that
-- still run. A row that another transaction holds counts as running and is seen again in the next round.
CREATE OR REPLACE FUNCTION almanac.erase_stop(p_job uuid, p_epoch bigint) RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_before timestamptz := almanac.erase_before(v_me);
    v_other uuid;
    v_state text;
BEGIN
    FOR v_other IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_before
           AND j.state IN ('queued', 'running')
    LOOP
        SELECT j.state INTO v_state FROM almanac.jobs j WHERE j.id = v_other FOR UPDATE SKIP LOCKED;
        IF v_state = 'queued' THEN
            PERFORM almanac.finish(v_other, NULL, 'cancelled', jsonb_build_object(
                'code', 'CANCELLED', 'message', 'Cancelled: all data of its owner is being removed.'), NULL);
        ELSIF v_state = 'running' THEN
            UPDATE almanac.jobs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
             WHERE id = v_other;
        END IF;
        IF v_state IS NULL OR v_state = 'running' THEN
            RETURN NEXT v_other;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_stop FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_stop TO almanac_worker;
