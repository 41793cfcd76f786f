-- Ends jobs that were not started in time as failed / QUEUE_TIMEOUT, which frees their slot.
CREATE OR REPLACE FUNCTION almanac.give_up_unstarted() RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_id uuid;
BEGIN
    FOR v_id IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.state = 'queued' AND j.started_at IS NULL AND j.start_by < clock_timestamp()
         LIMIT 200
           FOR UPDATE SKIP LOCKED
    LOOP
        IF almanac.finish(v_id, NULL, 'failed', jsonb_build_object('code', 'QUEUE_TIMEOUT',
            'message', 'Nothing could start this in time. Please try again.'), NULL) IS NOT NULL THEN
            RETURN NEXT v_id;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.give_up_unstarted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.give_up_unstarted TO almanac_worker;
