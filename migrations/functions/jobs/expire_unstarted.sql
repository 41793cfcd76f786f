-- Ends jobs whose time is over and that no worker ends: not started by start_by, held until held_until, or past
-- deadline_at in any state. A worker ends a job at its deadline itself and reports more details, so it has 5 s to claim
-- a queued one, and 30 s for one that it runs. Called by every worker and every API process, so that a fleet without
-- workers ends them too; one process at a time. Returns the final events, which the caller publishes.
CREATE OR REPLACE FUNCTION almanac.expire_unstarted()
RETURNS TABLE (job_id uuid, code text, seq bigint, type text, data text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET lock_timeout = '250ms' SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_late record;
    v_job almanac.jobs;
    v_seq bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7312, 1) THEN
        RETURN;
    END IF;
    FOR v_late IN
        SELECT j.id, NULL::bigint AS epoch, 'failed' AS state,
               CASE WHEN j.held_since IS NULL THEN 'QUEUE_TIMEOUT' ELSE 'PROVIDER_UNAVAILABLE' END AS code,
               CASE WHEN j.held_since IS NULL THEN 'Nothing could start this in time. Please try again.'
                    ELSE 'The model could not be reached in time. Please try again later.' END AS message
          FROM almanac.jobs j
         WHERE j.id IN (SELECT o.id FROM almanac.jobs o
                         WHERE o.state = 'queued' AND o.start_by < v_now AND o.started_at IS NULL
                         ORDER BY o.start_by
                         LIMIT 200
                           FOR UPDATE SKIP LOCKED)
         UNION ALL
        SELECT j.id, NULL, 'failed', 'PROVIDER_UNAVAILABLE',
               'The model could not be reached for too long. Please try again later.'
          FROM almanac.jobs j
         WHERE j.id IN (SELECT o.id FROM almanac.jobs o
                         WHERE CASE WHEN o.held_until IS NULL THEN false ELSE o.finished_at IS NULL END
                           AND o.held_until < v_now - interval '5 s' AND o.state = 'queued'
                         ORDER BY o.held_until
                         LIMIT 200
                           FOR UPDATE SKIP LOCKED)
         UNION ALL
        SELECT j.id, CASE j.state WHEN 'running' THEN j.epoch END, 'timeout', 'TIMEOUT',
               'This took longer than it may. What was ready is kept; you can generate again.'
          FROM almanac.jobs j
         WHERE j.id IN (SELECT o.id FROM almanac.jobs o
                         WHERE CASE WHEN o.deadline_at IS NULL THEN false ELSE o.finished_at IS NULL END
                           AND o.deadline_at < v_now - interval '5 s'
                           AND (o.state = 'queued' OR o.deadline_at < v_now - interval '30 s')
                         ORDER BY o.deadline_at
                         LIMIT 200
                           FOR UPDATE SKIP LOCKED)
    LOOP
        -- The domain row may be locked; such a job is ended in a later round.
        SELECT * INTO v_job FROM almanac.jobs j WHERE j.id = v_late.id;
        CONTINUE WHEN NOT almanac.lock_subject(v_job);
        BEGIN
            v_seq := almanac.finish(v_late.id, v_late.epoch, v_late.state,
                jsonb_build_object('code', v_late.code, 'message', v_late.message));
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected OR SQLSTATE 'LL001' THEN
                CONTINUE;
            WHEN OTHERS THEN
                -- A damaged row costs its owner only. Its code alone: the message may quote a user's text.
                RAISE WARNING 'job % cannot be ended: %', v_late.id, sqlstate;
                CONTINUE;
        END;
        CONTINUE WHEN v_seq IS NULL;
        code := v_late.code;
        SELECT e.job_id, e.seq, e.type, e.data INTO job_id, seq, type, data
          FROM almanac.job_events e WHERE e.job_id = v_late.id AND e.seq = v_seq;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.expire_unstarted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.expire_unstarted TO almanac_worker, almanac_api;
