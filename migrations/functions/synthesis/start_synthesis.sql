-- Adds a scheduled synthesis with its job. No rate counts it. Takes the lock that submit() takes, without waiting. Returns
-- `started`, `busy` if the user has a synthesis running or an erase of all data pending, `held` if another transaction
-- holds the theme.
CREATE OR REPLACE FUNCTION almanac.start_synthesis(
    p_user uuid, p_theme uuid, p_date date, p_zone text, p_job uuid, p_model text, p_prompt text)
RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM almanac.themes t WHERE t.user_id = p_user AND t.id = p_theme FOR KEY SHARE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 'held';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended(p_user::text, 7311)) THEN
        RETURN 'busy';
    END IF;
    IF EXISTS (SELECT FROM almanac.jobs j
                WHERE j.user_id = p_user AND j.exclusive_key IN ('synthesis', 'erase')
                  AND j.state IN ('queued', 'running')) THEN
        RETURN 'busy';
    END IF;
    INSERT INTO almanac.jobs (id, user_id, kind, lane, exclusive_key, payload, subject_type, subject_id, time_limit)
    SELECT p_job, p_user, k.kind, k.lane, k.exclusive_key,
           jsonb_build_object('timeLimitMs', (extract(epoch FROM k.time_limit) * 1000)::bigint), k.subject_type,
           p_job::text, k.time_limit
      FROM almanac.job_kinds k WHERE k.kind = 'synthesis.generate'
    ON CONFLICT (user_id, exclusive_key) WHERE exclusive_key IS NOT NULL AND state IN ('queued', 'running')
    DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'busy';
    END IF;
    INSERT INTO almanac.syntheses (id, user_id, theme_id, fire_date, model, prompt_version, zone)
    VALUES (p_job, p_user, p_theme, p_date, p_model, p_prompt, p_zone);
    RETURN 'started';
END
$$;
REVOKE ALL ON FUNCTION almanac.start_synthesis FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.start_synthesis TO almanac_worker;
