-- Opens the ledger row of one model call, under the fence. Calls of earlier leases that never ended become unknown: they
-- may have been paid for. Returns the number of the call, or null if the step has used up its calls over all attempts.
CREATE OR REPLACE FUNCTION almanac.open_call(
    p_call uuid, p_job uuid, p_epoch bigint, p_step text, p_provider text, p_model text, p_max_calls int)
RETURNS int
LANGUAGE plpgsql
AS $$
DECLARE
    v_made int;
BEGIN
    PERFORM almanac.fence(p_job, p_epoch);
    IF p_epoch > 1 THEN
        UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
         WHERE job_id = p_job AND state = 'started' AND epoch < p_epoch;
    END IF;
    SELECT count(*) INTO v_made FROM almanac.llm_calls WHERE job_id = p_job AND step = p_step;
    IF v_made >= p_max_calls THEN
        RETURN NULL;
    END IF;
    INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
    VALUES (p_call, p_job, p_epoch, p_step, p_provider, p_model);
    RETURN v_made + 1;
END
$$;
REVOKE ALL ON FUNCTION almanac.open_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.open_call TO almanac_worker;
