-- What becomes of a fire when an attempt of it has ended: mails to its recipients; nothing more if there was no news; the
-- next attempt, after 1 and 5 minutes; its end after three attempts. An attempt that the provider could not serve is not
-- one of the three: it is repeated every 20 minutes inside the catch-up window.
CREATE OR REPLACE FUNCTION almanac.finish_fire(p_job almanac.jobs, p_synthesis almanac.syntheses, p_result jsonb)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_run almanac.schedule_runs;
    v_code text := p_synthesis.error ->> 'code';
    v_next timestamptz;
BEGIN
    SELECT r.* INTO v_run FROM almanac.schedule_runs r
     WHERE r.user_id = p_job.user_id AND r.theme_id = p_synthesis.theme_id AND r.fire_date = p_synthesis.fire_date
       AND r.job_id = p_job.id AND r.state = 'running';
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_run.reason := NULL;
    IF p_job.state = 'succeeded' OR v_code = 'NO_NEWS' THEN
        UPDATE almanac.theme_schedules t SET last_run_at = v_now
         WHERE t.user_id = p_job.user_id AND t.theme_id = p_synthesis.theme_id;
        v_run.state := 'done';
        IF v_code = 'NO_NEWS' THEN
            v_run.reason := v_code;
        ELSIF almanac.add_deliveries(p_job, v_run, p_synthesis, p_result -> 'mail_jobs') > 0 THEN
            v_run.state := 'delivering';
        END IF;
    ELSIF p_job.state = 'cancelled' THEN
        v_run.state := 'skipped';
        v_run.reason := 'CANCELLED';
    ELSE
        v_run.reason := v_code;
        IF v_code = 'PROVIDER_UNAVAILABLE' OR p_job.held_since IS NOT NULL THEN
            v_next := v_now + interval '20 minutes';
            v_run.state := CASE WHEN v_next <= v_run.start_until THEN 'waiting' ELSE 'missed' END;
        ELSE
            v_run.attempts := v_run.attempts + 1;
            v_next := v_now + CASE v_run.attempts WHEN 1 THEN interval '1 minute' ELSE interval '5 minutes' END;
            v_run.state := CASE WHEN v_run.attempts < 3 THEN 'waiting' ELSE 'failed' END;
        END IF;
    END IF;
    UPDATE almanac.schedule_runs r
       SET state = v_run.state, reason = v_run.reason, attempts = v_run.attempts, updated_at = v_now,
           next_attempt_at = CASE v_run.state WHEN 'waiting' THEN v_next END
     WHERE r.user_id = v_run.user_id AND r.theme_id = v_run.theme_id AND r.fire_date = v_run.fire_date;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_fire FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_fire TO almanac_worker;
