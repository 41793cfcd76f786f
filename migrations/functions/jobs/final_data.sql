-- The final event of a job that ends without one from its worker, in the shape of its kind.
CREATE OR REPLACE FUNCTION almanac.final_data(p_job almanac.jobs) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_status text := CASE p_job.state WHEN 'dead' THEN 'failed' ELSE p_job.state END;
    v_calendar uuid;
    v_version int;
    v_entries bigint;
    v_run almanac.organic_runs;
BEGIN
    CASE p_job.kind
        WHEN 'calendar.generate' THEN
            SELECT r.calendar_id, r.version INTO v_calendar, v_version FROM almanac.calendar_runs r
             WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
            SELECT count(*) INTO v_entries FROM almanac.calendar_run_entries g
             WHERE g.user_id = p_job.user_id AND g.run_id = p_job.id;
            RETURN json_build_object(
                'data', json_build_object(
                    'status', v_status, 'entries', v_entries, 'added', NULL, 'updated', NULL, 'removed', NULL,
                    'latencyMs', NULL, 'tokens', NULL, 'tokensInput', NULL, 'tokensOutput', NULL, 'costUsd', NULL,
                    'message', p_job.error ->> 'message'),
                'error', p_job.error,
                'meta', json_build_object(
                    'runId', p_job.id, 'calendarId', v_calendar, 'version', v_version, 'seq', p_job.last_seq,
                    'done', true))::text;
        WHEN 'organic.generate' THEN
            SELECT * INTO v_run FROM almanac.organic_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
            SELECT count(*) INTO v_entries FROM almanac.organic_placements p
             WHERE p.user_id = p_job.user_id AND p.run_id = p_job.id;
            RETURN json_strip_nulls(json_build_object(
                'status', v_status, 'placements', v_entries, 'errors', coalesce(v_run.failed, 0),
                'message', p_job.error ->> 'message'))::text;
        ELSE
            RETURN json_build_object('status', v_status, 'error', p_job.error)::text;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION almanac.final_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.final_data TO almanac_worker;
