-- Hook on_finish: totals over all calls, and the end of generations. p_results: {"metadata"}.
CREATE OR REPLACE FUNCTION almanac.finish_generations(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_spent record;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        UPDATE almanac.ai_generations g
           SET status = CASE WHEN v_job.state IN ('succeeded', 'cancelled') THEN v_job.state ELSE 'failed' END,
               error = v_job.error, finished_at = v_job.finished_at,
               ai_metadata = coalesce(p_results[i] -> 'metadata', g.ai_metadata),
               (tokens_input, tokens_output, cost_usd) = (
                   SELECT sum(c.tokens_input), sum(c.tokens_output), sum(c.cost_usd)
                     FROM almanac.llm_calls c
                    WHERE c.job_id = v_job.id)
         WHERE g.user_id = v_job.user_id AND g.id = v_job.id;
        IF p_results[i] IS NULL THEN
            v_spent := almanac.spent_on(v_job.id);
            n := i;
            final := json_build_object(
                'status', CASE v_job.state WHEN 'dead' THEN 'failed' ELSE v_job.state END,
                'suggestions', (SELECT count(*) FROM almanac.ai_suggestions s WHERE s.generation_id = v_job.id),
                'latency_ms', almanac.latency_ms(v_job), 'tokens', v_spent.tokens_input + v_spent.tokens_output,
                'tokens_input', v_spent.tokens_input, 'tokens_output', v_spent.tokens_output,
                'cost_usd', v_spent.cost_usd, 'error', v_job.error)::text;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_generations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_generations TO almanac_worker;
