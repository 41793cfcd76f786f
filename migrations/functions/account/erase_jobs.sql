-- Removes ended jobs of a user, whose rows the caller has locked, with their events and calls: the rows too, or what
-- they say, if something still refers to them. Rows that other transactions hold are left out. Returns the number of
-- rows removed or changed.
CREATE OR REPLACE FUNCTION almanac.erase_jobs(p_user uuid, p_jobs uuid[]) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seqs bigint[];
    v_ids uuid[];
    v_gone bigint;
    v_sum bigint;
BEGIN
    -- Events have no key to their job, so no delete of a job takes them along.
    SELECT array_agg(l.job_id), array_agg(l.seq) INTO v_ids, v_seqs
      FROM (SELECT e.job_id, e.seq FROM almanac.job_events e
             WHERE e.job_id = ANY (p_jobs) FOR UPDATE SKIP LOCKED) AS l;
    DELETE FROM almanac.job_events e USING unnest(v_ids, v_seqs) AS l (job, seq)
     WHERE e.job_id = l.job AND e.seq = l.seq;
    GET DIAGNOSTICS v_sum = ROW_COUNT;
    v_ids := ARRAY(SELECT c.id FROM almanac.llm_calls c WHERE c.job_id = ANY (p_jobs) FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.llm_calls WHERE id = ANY (v_ids);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_sum := v_sum + v_gone;
    DELETE FROM almanac.jobs j
     WHERE j.user_id = p_user AND j.id = ANY (p_jobs)
       AND NOT almanac.is_referred_to(j.user_id, j.id)
       AND NOT EXISTS (SELECT FROM almanac.job_events e WHERE e.job_id = j.id)
       AND NOT EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_sum := v_sum + v_gone;
    UPDATE almanac.jobs j
       SET payload = '{}', progress = NULL, trace = NULL, request_id = NULL,
           error = CASE WHEN j.error IS NOT NULL THEN jsonb_build_object('code', j.error -> 'code') END
     WHERE j.user_id = p_user AND j.id = ANY (p_jobs)
       AND (j.payload <> '{}' OR j.progress IS NOT NULL OR j.trace IS NOT NULL OR j.request_id IS NOT NULL);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_sum + v_gone;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_jobs TO almanac_worker;
