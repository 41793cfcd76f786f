-- Copies a job's state into its domain row.
CREATE OR REPLACE FUNCTION almanac.sync_domain_row(p_job almanac.jobs) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    CASE p_job.kind
        WHEN 'flashcards.generate' THEN
            UPDATE almanac.ai_generations
               SET status = CASE p_job.state
                       WHEN 'queued' THEN 'pending' WHEN 'running' THEN 'running' WHEN 'succeeded' THEN 'succeeded'
                       WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                UPDATE almanac.ai_generations g
                   SET tokens_input = c.tokens_input, tokens_output = c.tokens_output, cost_usd = c.cost_usd
                  FROM almanac.spent_on(p_job.id) AS c
                 WHERE g.user_id = p_job.user_id AND g.id = p_job.id;
            END IF;
        WHEN 'calendar.generate' THEN
            UPDATE almanac.calendar_runs
               SET status = CASE p_job.state WHEN 'queued' THEN 'pending' WHEN 'dead' THEN 'failed' ELSE p_job.state END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                -- Before a first run's entries are saved as the calendar's. Nothing is dropped by a run that was cut off.
                UPDATE almanac.calendar_runs r
                   SET latency_ms = almanac.latency_ms(p_job), added = c.added, updated = c.updated, removed = 0
                  FROM (SELECT count(g.key) FILTER (WHERE e.key IS NULL OR e.deleted) AS added,
                               count(g.key) FILTER (WHERE NOT e.deleted AND e.fields - 'media' <> g.fields) AS updated
                          FROM almanac.calendar_runs o
                          JOIN almanac.calendar_run_entries g ON g.user_id = o.user_id AND g.run_id = o.id
                          LEFT JOIN almanac.calendar_entries e
                            ON e.user_id = g.user_id AND e.calendar_id = o.calendar_id AND e.key = g.key
                         WHERE o.user_id = p_job.user_id AND o.id = p_job.id) AS c
                 WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
                PERFORM almanac.close_run(p_job.user_id, p_job.id);
            END IF;
        WHEN 'organic.generate' THEN
            UPDATE almanac.organic_runs
               SET status = CASE p_job.state WHEN 'queued' THEN 'pending' WHEN 'dead' THEN 'failed' ELSE p_job.state END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                UPDATE almanac.organic_runs
                   SET latency_ms = almanac.latency_ms(p_job), failed = coalesce(jsonb_array_length(plan -> 'refused'), 0)
                 WHERE user_id = p_job.user_id AND id = p_job.id;
                PERFORM almanac.close_organic(p_job.user_id, p_job.id);
            END IF;
        ELSE
            NULL;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION almanac.sync_domain_row FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.sync_domain_row TO almanac_worker;
