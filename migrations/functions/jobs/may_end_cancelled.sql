-- Whether a job whose cancellation was requested may end now. If not, it goes on until it knows what it did outside.
CREATE OR REPLACE FUNCTION almanac.may_end_cancelled(p_job almanac.jobs) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_hook text := (SELECT k.on_cancel FROM almanac.job_kinds k WHERE k.kind = p_job.kind);
    v_may boolean := true;
BEGIN
    IF v_hook IS NOT NULL THEN
        EXECUTE format('SELECT %s($1)', v_hook) INTO STRICT v_may USING p_job;
    END IF;
    RETURN v_may;
END
$$;
REVOKE ALL ON FUNCTION almanac.may_end_cancelled FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.may_end_cancelled TO almanac_worker;
