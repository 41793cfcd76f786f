-- Stores items that a worker made through the kind's on_save, with their events, in one commit. emit() is the fence.
-- Returns the seq of the last event.
CREATE OR REPLACE FUNCTION almanac.save_items(
    p_job uuid, p_epoch bigint, p_items jsonb, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint := almanac.emit(p_job, p_epoch, p_types, p_data, p_progress);
    v_job almanac.jobs;
BEGIN
    SELECT * INTO STRICT v_job FROM almanac.jobs j WHERE j.id = p_job;
    EXECUTE format('SELECT %s($1, $2)', (SELECT k.on_save FROM almanac.job_kinds k WHERE k.kind = v_job.kind))
      USING ARRAY[v_job], ARRAY[p_items];
    RETURN v_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_items FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_items TO almanac_worker;
