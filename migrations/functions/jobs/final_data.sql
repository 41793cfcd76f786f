-- The final event of a job that ends without one from its worker, in the shape of its kind. Its domain row says by then
-- how it ended.
CREATE OR REPLACE FUNCTION almanac.final_data(p_job almanac.jobs) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_status text := CASE p_job.state WHEN 'dead' THEN 'failed' ELSE p_job.state END;
    v_spent record := almanac.spent_on(p_job.id);
    v_tokens int := v_spent.tokens_input + v_spent.tokens_output;
    v_run almanac.calendar_runs;
    v_week almanac.organic_runs;
    v_made bigint;
BEGIN
    CASE p_job.kind
        WHEN 'flashcards.generate' THEN
            SELECT count(*) INTO v_made FROM almanac.ai_suggestions s WHERE s.generation_id = p_job.id;
            RETURN json_build_object(
                'status', v_status, 'suggestions', v_made, 'latency_ms', almanac.latency_ms(p_job), 'tokens', v_tokens,
                'tokens_input', v_spent.tokens_input, 'tokens_output', v_spent.tokens_output,
                'cost_usd', v_spent.cost_usd, 'error', p_job.error)::text;
        WHEN 'calendar.generate' THEN
            SELECT * INTO v_run FROM almanac.calendar_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
            RETURN json_build_object(
                'data', json_build_object(
                    'status', v_status, 'entries', v_run.entries, 'added', v_run.added, 'updated', v_run.updated,
                    'removed', v_run.removed, 'latencyMs', v_run.latency_ms, 'tokens', v_tokens,
                    'tokensInput', v_spent.tokens_input, 'tokensOutput', v_spent.tokens_output,
                    'costUsd', v_spent.cost_usd, 'message', p_job.error ->> 'message'),
                'error', CASE WHEN v_status IN ('failed', 'cancelled') THEN p_job.error END,
                'meta', json_build_object(
                    'runId', p_job.id, 'calendarId', v_run.calendar_id, 'version', v_run.version,
                    'seq', p_job.last_seq, 'done', true))::text;
        WHEN 'organic.generate' THEN
            SELECT * INTO v_week FROM almanac.organic_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
            SELECT count(*) INTO v_made FROM almanac.organic_placements p
             WHERE p.user_id = p_job.user_id AND p.run_id = p_job.id
               AND p.fields #> '{schedule,adjusted}' = 'true';
            RETURN json_strip_nulls(json_build_object(
                'status', v_status, 'placements', v_week.placed, 'errors', v_week.failed, 'adjusted', v_made,
                'latencyMs', v_week.latency_ms, 'tokens', v_tokens, 'tokensInput', v_spent.tokens_input,
                'tokensOutput', v_spent.tokens_output, 'costUsd', v_spent.cost_usd,
                'message', p_job.error ->> 'message'))::text;
        ELSE
            RETURN json_build_object('status', v_status, 'error', p_job.error)::text;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION almanac.final_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.final_data TO almanac_worker;
