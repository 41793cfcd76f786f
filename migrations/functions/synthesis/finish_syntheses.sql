-- Hook on_finish: totals over all calls, the end of syntheses and, of scheduled ones, what becomes of their fire: its
-- mails, its next attempt, or its end. p_results: {"metadata", "mail_jobs"}.
CREATE OR REPLACE FUNCTION almanac.finish_syntheses(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_error jsonb;
    v_synthesis almanac.syntheses;
    v_spent record;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        v_error := CASE WHEN v_job.state = 'timeout' THEN jsonb_build_object(
                             'code', 'SYNTHESIS_TIMEOUT', 'message', v_job.error -> 'message')
                        ELSE v_job.error END;
        v_spent := almanac.spent_on(v_job.id);
        UPDATE almanac.syntheses s
           SET status = CASE WHEN v_job.state IN ('succeeded', 'cancelled') THEN v_job.state ELSE 'failed' END,
               error = v_error, finished_at = v_job.finished_at,
               ai_metadata = coalesce(p_results[i] -> 'metadata', s.ai_metadata),
               tokens_input = v_spent.tokens_input, tokens_output = v_spent.tokens_output, cost_usd = v_spent.cost_usd
         WHERE s.user_id = v_job.user_id AND s.id = v_job.id
        RETURNING s.* INTO v_synthesis;
        IF FOUND AND v_synthesis.fire_date IS NOT NULL THEN
            PERFORM almanac.finish_fire(v_job, v_synthesis, p_results[i]);
        END IF;
        IF p_results[i] IS NULL THEN
            n := i;
            final := json_build_object(
                'status', CASE WHEN v_job.state IN ('succeeded', 'cancelled') THEN v_job.state ELSE 'failed' END,
                'synthesis_id', v_job.id, 'week', v_synthesis.week,
                'sections', coalesce(jsonb_array_length(v_synthesis.sections), 0),
                'latency_ms', almanac.latency_ms(v_job), 'tokens', v_spent.tokens_input + v_spent.tokens_output,
                'tokens_input', v_spent.tokens_input, 'tokens_output', v_spent.tokens_output,
                'cost_usd', v_spent.cost_usd, 'error', v_error)::text;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_syntheses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_syntheses TO almanac_worker;
