-- Starts the next attempt of fires that wait for it, at most one per id in p_jobs. A fire ends as `skipped` if its schedule
-- was deleted or switched off since, or if its user is busy for an hour and its catch-up window is over.
CREATE OR REPLACE FUNCTION almanac.retry_fires(p_jobs uuid[], p_model text, p_prompt text)
RETURNS TABLE (outcome text, user_id uuid, theme_id uuid, job_id uuid)
LANGUAGE plpgsql
SET lock_timeout = '250ms' SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_run almanac.schedule_runs;
    v_reason text;
    v_used int := 0;
BEGIN
    FOR v_run IN
        SELECT r.* FROM almanac.schedule_runs r
         WHERE r.state = 'waiting' AND r.next_attempt_at <= v_now
         ORDER BY r.next_attempt_at
         LIMIT cardinality(p_jobs)
           FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        v_used := v_used + 1;
        user_id := v_run.user_id;
        theme_id := v_run.theme_id;
        job_id := p_jobs[v_used];
        BEGIN
            IF NOT EXISTS (SELECT FROM almanac.theme_schedules s
                            WHERE s.user_id = v_run.user_id AND s.theme_id = v_run.theme_id AND s.enabled) THEN
                outcome := 'skipped';
                v_reason := 'SCHEDULE_OFF';
            ELSE
                outcome := almanac.start_synthesis(v_run.user_id, v_run.theme_id, v_run.fire_date, v_run.zone, job_id,
                                                   p_model, p_prompt);
                IF outcome = 'busy' AND v_now > greatest(v_run.start_until, v_run.updated_at + interval '1 hour') THEN
                    outcome := 'skipped';
                    v_reason := 'BUSY';
                ELSIF outcome = 'busy' THEN
                    -- Behind the others that are due.
                    UPDATE almanac.schedule_runs r SET next_attempt_at = v_now + interval '10 seconds'
                     WHERE r.user_id = v_run.user_id AND r.theme_id = v_run.theme_id AND r.fire_date = v_run.fire_date;
                END IF;
            END IF;
            UPDATE almanac.schedule_runs r
               SET state = CASE outcome WHEN 'started' THEN 'running' ELSE outcome END, next_attempt_at = NULL,
                   reason = CASE outcome WHEN 'started' THEN r.reason ELSE v_reason END,
                   job_id = CASE outcome WHEN 'started' THEN p_jobs[v_used] ELSE r.job_id END, updated_at = v_now
             WHERE r.user_id = v_run.user_id AND r.theme_id = v_run.theme_id AND r.fire_date = v_run.fire_date
               AND outcome IN ('started', 'skipped');
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            outcome := 'held';
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.retry_fires FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.retry_fires TO almanac_worker;
