-- The one end of every job: state, domain row and final event together.
-- With an epoch: a running job, by its holder. Without: a queued one, whose epoch is raised first, so that a late writer
-- of an earlier lease is refused. Returns the seq of the final event, or null if a queued job was not queued any more.
-- p_reflect = false: the caller writes the domain row and closes the calls itself, in the same transaction. Otherwise a
-- call that is still open has an unknown outcome.
CREATE OR REPLACE FUNCTION almanac.finish(
    p_id uuid, p_epoch bigint, p_state text, p_error jsonb, p_data text, p_reflect boolean DEFAULT true)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    UPDATE almanac.jobs
       SET state = p_state, error = p_error, finished_at = clock_timestamp(), last_seq = last_seq + 1,
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
    IF p_reflect THEN
        UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
         WHERE job_id = p_id AND state = 'started';
        PERFORM almanac.sync_domain_row(v_job);
    END IF;
    -- After the domain row, which says what was made.
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    VALUES (p_id, v_job.last_seq, almanac.final_type(v_job.kind), coalesce(p_data, almanac.final_data(v_job)));
    RETURN v_job.last_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish TO almanac_worker;
