-- Hook on_finish: totals over all calls, and the end of generations. p_results: {"metadata"}.
CREATE OR REPLACE FUNCTION almanac.finish_generations(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_spent record;
    v_ids uuid[] := ARRAY(SELECT (p_jobs[place]).id FROM generate_subscripts(p_jobs, 1) AS place ORDER BY place);
    v_rows tid[];
BEGIN
    -- Each row is looked up for itself (a join may be planned as a walk) and locked, so that its address stays; then all
    -- are written by address.
    v_rows := ARRAY(
        SELECT held.row
          FROM unnest(p_jobs) AS j
         CROSS JOIN LATERAL (
               SELECT d.ctid AS row FROM almanac.ai_generations d
                WHERE d.user_id = j.user_id AND d.id = j.id
                  FOR NO KEY UPDATE) AS held);
    UPDATE almanac.ai_generations g
       SET (status, error, finished_at, ai_metadata) = (
               SELECT CASE WHEN j.state IN ('succeeded', 'cancelled') THEN j.state ELSE 'failed' END, j.error,
                      j.finished_at, coalesce(p_results[place] -> 'metadata', g.ai_metadata)
                 FROM array_position(v_ids, g.id) AS place
                CROSS JOIN unnest(p_jobs[place:place]) AS j),
           (tokens_input, tokens_output, cost_usd) = (
               SELECT sum(c.tokens_input), sum(c.tokens_output), sum(c.cost_usd)
                 FROM almanac.llm_calls c
                WHERE c.job_id = g.id)
     WHERE g.ctid = ANY (v_rows);
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        IF p_results[i] IS NULL THEN
            v_job := p_jobs[i];
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
