-- Hook on_finish: counts, totals over all calls, the end of runs and, of a first run, its entries as the calendar's.
-- p_results: {"metadata", "latency_ms", "added", "updated", "removed"}.
CREATE OR REPLACE FUNCTION almanac.finish_calendar_runs(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_result jsonb;
    v_status text;
    v_run almanac.calendar_runs;
    v_spent record;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        v_result := p_results[i];
        v_status := CASE v_job.state WHEN 'dead' THEN 'failed' ELSE v_job.state END;
        IF v_result IS NULL THEN
            -- Before a first run's entries are saved as the calendar's. Nothing is dropped by a run that was cut off.
            SELECT jsonb_build_object(
                       'latency_ms', almanac.latency_ms(v_job),
                       'added', count(g.key) FILTER (WHERE e.key IS NULL OR e.deleted),
                       'updated', count(g.key) FILTER (WHERE NOT e.deleted AND e.fields - 'media' <> g.fields),
                       'removed', 0)
              INTO v_result
              FROM almanac.calendar_runs r
              JOIN almanac.calendar_run_entries g ON g.user_id = r.user_id AND g.run_id = r.id
              LEFT JOIN almanac.calendar_entries e
                ON e.user_id = g.user_id AND e.calendar_id = r.calendar_id AND e.key = g.key
             WHERE r.user_id = v_job.user_id AND r.id = v_job.id;
        END IF;
        IF almanac.run_adopts(v_job.user_id, v_job.id) THEN
            INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields, from_run, run_id)
            SELECT g.entry_id, g.user_id, r.calendar_id, g.key, g.fields || '{"media": []}', true, r.id
              FROM almanac.calendar_runs r
              JOIN almanac.calendar_run_entries g ON g.user_id = r.user_id AND g.run_id = r.id
             WHERE r.user_id = v_job.user_id AND r.id = v_job.id
            ON CONFLICT DO NOTHING;
        END IF;
        v_spent := almanac.spent_on(v_job.id);
        UPDATE almanac.calendar_runs r
           SET status = v_status, error = v_job.error, finished_at = v_job.finished_at,
               ai_metadata = coalesce(v_result -> 'metadata', r.ai_metadata),
               latency_ms = (v_result ->> 'latency_ms')::bigint, added = (v_result ->> 'added')::int,
               updated = (v_result ->> 'updated')::int, removed = (v_result ->> 'removed')::int,
               entries = (SELECT count(*) FROM almanac.calendar_run_entries g
                           WHERE g.user_id = r.user_id AND g.run_id = r.id),
               tokens_input = v_spent.tokens_input, tokens_output = v_spent.tokens_output,
               cost_usd = v_spent.cost_usd
         WHERE r.user_id = v_job.user_id AND r.id = v_job.id
        RETURNING r.* INTO v_run;
        IF p_results[i] IS NULL THEN
            n := i;
            final := json_build_object(
                'data', json_build_object(
                    'status', v_status, 'entries', v_run.entries, 'added', v_run.added, 'updated', v_run.updated,
                    'removed', v_run.removed, 'latencyMs', v_run.latency_ms,
                    'tokens', v_spent.tokens_input + v_spent.tokens_output,
                    'tokensInput', v_spent.tokens_input, 'tokensOutput', v_spent.tokens_output,
                    'costUsd', v_spent.cost_usd, 'message', v_job.error ->> 'message'),
                'error', CASE WHEN v_status IN ('failed', 'cancelled') THEN v_job.error END,
                'meta', json_build_object(
                    'runId', v_job.id, 'calendarId', v_run.calendar_id, 'version', v_run.version,
                    'seq', v_job.last_seq, 'done', true))::text;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_calendar_runs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_calendar_runs TO almanac_worker;
