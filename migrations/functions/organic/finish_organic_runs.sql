-- Hook on_finish: counts, totals over all calls, and the end of runs. p_results: {"metadata", "latency_ms", "failed"}.
CREATE OR REPLACE FUNCTION almanac.finish_organic_runs(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_status text;
    v_run almanac.organic_runs;
    v_spent record;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        v_status := CASE v_job.state WHEN 'dead' THEN 'failed' ELSE v_job.state END;
        v_spent := almanac.spent_on(v_job.id);
        UPDATE almanac.organic_runs r
           SET status = v_status, error = v_job.error, finished_at = v_job.finished_at,
               ai_metadata = coalesce(p_results[i] -> 'metadata', r.ai_metadata),
               latency_ms = coalesce((p_results[i] ->> 'latency_ms')::bigint, almanac.latency_ms(v_job)),
               failed = coalesce((p_results[i] ->> 'failed')::int, jsonb_array_length(r.plan -> 'refused'), 0),
               placed = (SELECT count(*) FROM almanac.organic_placements p
                          WHERE p.user_id = r.user_id AND p.run_id = r.id),
               tokens_input = v_spent.tokens_input, tokens_output = v_spent.tokens_output,
               cost_usd = v_spent.cost_usd
         WHERE r.user_id = v_job.user_id AND r.id = v_job.id
        RETURNING r.* INTO v_run;
        IF p_results[i] IS NULL THEN
            n := i;
            final := json_strip_nulls(json_build_object(
                'status', v_status, 'placements', coalesce(v_run.placed, 0),
                'errors', coalesce(v_run.failed, 0),
                'adjusted', (SELECT count(*) FROM almanac.organic_placements p
                              WHERE p.user_id = v_job.user_id AND p.run_id = v_job.id
                                AND p.fields #> '{schedule,adjusted}' = 'true'),
                'latencyMs', v_run.latency_ms, 'tokens', v_spent.tokens_input + v_spent.tokens_output,
                'tokensInput', v_spent.tokens_input, 'tokensOutput', v_spent.tokens_output,
                'costUsd', v_spent.cost_usd, 'message', v_job.error ->> 'message'))::text;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_organic_runs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_organic_runs TO almanac_worker;
