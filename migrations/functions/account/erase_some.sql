-- One batch of an erase, under the fence: content first, then what only the platform stored. What falls under an erase
-- is said at requested_at(). Returns the number of rows removed; 0 if nothing is left, found by one call that looked
-- everywhere; -1 if nothing could be removed now: an older job has not ended, or other transactions hold what is left.
-- Short on purpose: the fence holds the row of the job, and a renewal of its lease needs that row.
-- Effects stay with their hashes, and with them the bare rows of their jobs: they prove what was sent. The log of
-- submitted erases stays too, or erasing would reset its own limit.
CREATE OR REPLACE FUNCTION almanac.erase_some(p_job uuid, p_epoch bigint, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_me almanac.jobs;
    v_user uuid;
    v_before timestamptz;
    v_held boolean := false;
    v_hook text;
    v_ids uuid[];
    v_gone bigint;
BEGIN
    v_me := almanac.fence(p_job, p_epoch);
    v_user := v_me.user_id;
    v_before := almanac.erase_before(v_me);
    IF EXISTS (SELECT FROM almanac.jobs j
                WHERE j.user_id = v_user AND CASE WHEN j.finished_at IS NULL THEN true ELSE false END
                  AND j.id <> p_job AND j.state IN ('queued', 'running')
                  AND almanac.requested_at(j.user_id, j.id, j.created_at) <= v_before) THEN
        RETURN -1;
    END IF;

    FOR v_hook IN SELECT k.on_erase FROM almanac.job_kinds k WHERE k.on_erase IS NOT NULL ORDER BY k.kind LOOP
        EXECUTE format('SELECT %s($1, $2, $3)', v_hook) INTO v_gone USING v_user, v_before, p_max;
        IF v_gone > 0 THEN
            RETURN v_gone;
        END IF;
        v_held := v_held OR v_gone < 0;
    END LOOP;
    IF v_held THEN
        -- Jobs stay until the content is gone: they say when it was requested.
        RETURN -1;
    END IF;

    DELETE FROM almanac.idempotency_keys k
     WHERE k.user_id = v_user
       AND (k.route, k.key) IN (
           SELECT o.route, o.key FROM almanac.idempotency_keys o
            WHERE o.user_id = v_user
              AND almanac.requested_at(o.user_id, o.job_id, o.expires_at - interval '24 hours') <= v_before
            LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.submissions a
     WHERE a.user_id = v_user
       AND (a.family, a.at, a.n) IN (
           SELECT o.family, o.at, o.n FROM almanac.submissions o
            WHERE o.user_id = v_user AND o.family <> 'erase' AND o.at <= v_before
            LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    -- Jobs that still have something to remove: all of them, if no effect and no younger content refers to them.
    v_ids := ARRAY(
        SELECT j.id FROM almanac.jobs j
         WHERE j.user_id = v_user AND j.id <> p_job AND j.finished_at IS NOT NULL
           AND almanac.requested_at(j.user_id, j.id, j.created_at) <= v_before
           AND (j.payload <> '{}' OR j.progress IS NOT NULL OR j.trace IS NOT NULL OR j.request_id IS NOT NULL
                OR EXISTS (SELECT FROM almanac.job_events e WHERE e.job_id = j.id)
                OR EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id)
                OR NOT almanac.is_referred_to(j.user_id, j.id))
         LIMIT greatest(1, p_max / 4) FOR UPDATE SKIP LOCKED);
    v_gone := almanac.erase_jobs(v_user, v_ids);
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    RETURN CASE WHEN EXISTS (
               SELECT FROM almanac.jobs j
                WHERE j.user_id = v_user AND j.id <> p_job AND j.finished_at IS NOT NULL
                  AND almanac.requested_at(j.user_id, j.id, j.created_at) <= v_before
                  AND (j.payload <> '{}' OR j.progress IS NOT NULL OR j.trace IS NOT NULL OR j.request_id IS NOT NULL
                       OR EXISTS (SELECT FROM almanac.job_events e WHERE e.job_id = j.id)
                       OR EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id)
                       OR NOT almanac.is_referred_to(j.user_id, j.id)))
           THEN -1 ELSE 0 END;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    RETURN -1;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_some FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_some TO almanac_worker;
