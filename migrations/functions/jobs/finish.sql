-- The end of a job that its worker does not report: state, domain row and final event together.
-- With an epoch: a running job, by its holder. Without: a queued one, whose epoch is raised first, so that a late writer
-- of an earlier lease is refused. Returns the seq of the final event, or null if a queued job was not queued any more.
-- A call that is still open has an unknown outcome.
CREATE OR REPLACE FUNCTION almanac.finish(p_id uuid, p_epoch bigint, p_state text, p_error jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    UPDATE almanac.jobs
       SET state = p_state, error = p_error, finished_at = clock_timestamp(),
           last_seq = last_seq + 1 + (p_state IN ('failed', 'dead') AND EXISTS (
               SELECT FROM almanac.job_kinds k WHERE k.kind = jobs.kind AND k.failure_event))::int,
           epoch = CASE WHEN p_epoch IS NULL THEN epoch + 1 ELSE epoch END,
           lease_owner = NULL, lease_expires_at = NULL
     WHERE id = p_id
       AND CASE WHEN p_epoch IS NULL THEN state = 'queued' ELSE state = 'running' AND epoch = p_epoch END
    RETURNING * INTO v_job;
    IF NOT FOUND THEN
        IF p_epoch IS NULL THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
     WHERE job_id = p_id AND state = 'started';
    PERFORM almanac.write_ends(ARRAY[v_job], ARRAY[NULL::jsonb], ARRAY[NULL::text]);
    RETURN v_job.last_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish TO almanac_worker;
