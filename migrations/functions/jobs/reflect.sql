-- Copies a job's state into its domain row.
CREATE OR REPLACE FUNCTION almanac.reflect(p_job almanac.jobs) RETURNS void
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
        WHEN 'calendar.generate' THEN
            UPDATE almanac.calendar_runs
               SET status = CASE p_job.state WHEN 'queued' THEN 'pending' WHEN 'dead' THEN 'failed' ELSE p_job.state END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                PERFORM almanac.close_run(p_job.user_id, p_job.id);
            END IF;
        WHEN 'organic.generate' THEN
            UPDATE almanac.organic_runs
               SET status = CASE p_job.state WHEN 'queued' THEN 'pending' WHEN 'dead' THEN 'failed' ELSE p_job.state END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                PERFORM almanac.close_organic(p_job.user_id, p_job.id);
            END IF;
        ELSE
            NULL;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION almanac.reflect FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.reflect TO almanac_worker;
