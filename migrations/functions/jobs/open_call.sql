-- Opens the ledger row of one model call, under the fence. Calls of earlier leases that never ended become unknown: they
-- may have been paid for. Returns the number of the call among those that the job is charged for (started, succeeded,
-- failed); null if p_max_calls of them were made in this step over all attempts; 0 if, with those that a worker's end cut
-- (unknown), p_max_all were made. A call that the provider refused without being charged (refused) counts for nothing.
CREATE OR REPLACE FUNCTION almanac.open_call(
    p_call uuid, p_job uuid, p_epoch bigint, p_step text, p_provider text, p_model text, p_max_calls int,
    p_max_all int)
RETURNS int
LANGUAGE plpgsql
AS $$
DECLARE
    v_charged int;
    v_all int;
BEGIN
    PERFORM almanac.fence(p_job, p_epoch);
    IF p_epoch > 1 THEN
        UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
         WHERE job_id = p_job AND state = 'started' AND epoch < p_epoch;
    END IF;
    SELECT count(*) FILTER (WHERE state <> 'unknown'), count(*) INTO v_charged, v_all
      FROM almanac.llm_calls WHERE job_id = p_job AND step = p_step AND state <> 'refused';
    IF v_charged >= p_max_calls THEN
        RETURN NULL;
    ELSIF v_all >= p_max_all THEN
        RETURN 0;
    END IF;
    INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
    VALUES (p_call, p_job, p_epoch, p_step, p_provider, p_model);
    RETURN v_charged + 1;
END
$$;
REVOKE ALL ON FUNCTION almanac.open_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.open_call TO almanac_worker;
