-- One batch of an erase, under the fence: content first, then what only the platform stored. 0 if nothing is left.
-- Short on purpose: the fence holds the row of the job, and a renewal of its lease needs that row.
-- Effects stay with their hashes, and with them the bare rows of their jobs: they prove what was sent. The log of
-- submitted erases stays too, or erasing would reset its own limit.
CREATE OR REPLACE FUNCTION almanac.erase_some(p_job uuid, p_epoch bigint, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_me almanac.jobs := almanac.fence(p_job, p_epoch);
    v_before timestamptz := almanac.erase_before(v_me);
    v_gone bigint := almanac.erase_content(v_me.user_id, v_before, p_max);
BEGIN
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.idempotency_keys k
     WHERE k.user_id = v_me.user_id
       AND CASE WHEN k.job_id IS NULL THEN k.expires_at <= v_before + interval '24 hours'
                ELSE NOT EXISTS (SELECT FROM almanac.jobs j WHERE j.id = k.job_id AND j.created_at > v_before) END;
    DELETE FROM almanac.accepts
     WHERE user_id = v_me.user_id AND family <> 'erase' AND at <= v_before;

    -- Events have no key to their job and go by hand; model calls go with it.
    WITH gone AS (
        DELETE FROM almanac.jobs
         WHERE id IN (
               SELECT j.id FROM almanac.jobs j
                WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_before
                  AND j.finished_at IS NOT NULL
                  AND NOT EXISTS (SELECT FROM almanac.effects e WHERE e.user_id = j.user_id AND e.job_id = j.id)
                LIMIT p_max)
        RETURNING id),
    events AS (DELETE FROM almanac.job_events WHERE job_id IN (SELECT id FROM gone))
    SELECT count(*) INTO v_gone FROM gone;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    WITH bare AS (
        UPDATE almanac.jobs
           SET payload = '{}', progress = NULL, trace = NULL, request_id = NULL,
               error = CASE WHEN error IS NOT NULL THEN jsonb_build_object('code', error -> 'code') END
         WHERE id IN (
               SELECT j.id FROM almanac.jobs j
                WHERE j.user_id = v_me.user_id AND j.id <> p_job AND j.created_at <= v_before
                  AND j.finished_at IS NOT NULL
                  AND (j.payload <> '{}' OR j.progress IS NOT NULL OR j.trace IS NOT NULL OR j.request_id IS NOT NULL
                       OR EXISTS (SELECT FROM almanac.job_events e WHERE e.job_id = j.id)
                       OR EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id))
                LIMIT p_max)
        RETURNING id),
    events AS (DELETE FROM almanac.job_events WHERE job_id IN (SELECT id FROM bare)),
    calls AS (DELETE FROM almanac.llm_calls WHERE job_id IN (SELECT id FROM bare))
    SELECT count(*) INTO v_gone FROM bare;
    RETURN v_gone;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_some FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_some TO almanac_worker;
