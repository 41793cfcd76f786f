-- Submits syntheses that people ask for, each with its user's claims: job and synthesis. Runs as its caller, the API.
-- Outcomes are those of submit(), `missing` for a theme that does not exist or belongs to another user, and `error` with
-- the cause in `failure`; only `new` writes. Nothing is waited for: a theme that another transaction holds is `busy`.
CREATE OR REPLACE FUNCTION almanac.submit_syntheses(
    p_users uuid[], p_jobs uuid[], p_themes uuid[], p_models text[], p_prompts text[], p_keys text[],
    p_fingerprints bytea[], p_answers text[], p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, active_kind text, remaining int, reset_seconds int,
               failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    FOR i IN 1 .. cardinality(p_users) LOOP
        n := i;
        failure := NULL;
        BEGIN
            PERFORM set_config('role', 'none', true);
            SELECT s.outcome, s.job_id, s.active_kind, s.remaining, s.reset_seconds
              INTO outcome, job_id, active_kind, remaining, reset_seconds
              FROM almanac.submit(
                   'synthesis.generate', p_users[i:i], p_jobs[i:i], ARRAY['{}'::jsonb], NULL, p_keys[i:i],
                   p_fingerprints[i:i], p_answers[i:i], p_traces[i:i], p_requests[i:i]) AS s;
            PERFORM set_config('role', 'authenticated', true),
                    set_config('request.jwt.claims',
                               '{"sub":"' || p_users[i]::text || '","role":"authenticated"}', true);
            IF outcome IN ('new', 'active', 'limited') THEN
                -- Ownership is answered before anything that says how busy the caller is.
                PERFORM FROM almanac.themes t WHERE t.user_id = p_users[i] AND t.id = p_themes[i]
                    FOR KEY SHARE SKIP LOCKED;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'no theme' USING errcode = CASE WHEN EXISTS (
                        SELECT FROM almanac.themes t WHERE t.user_id = p_users[i] AND t.id = p_themes[i])
                        THEN 'LL005' ELSE 'LL004' END;
                END IF;
            END IF;
            IF outcome = 'new' THEN
                INSERT INTO almanac.syntheses (id, user_id, theme_id, model, prompt_version, zone)
                SELECT p_jobs[i], p_users[i], p_themes[i], p_models[i], p_prompts[i], coalesce(
                           (SELECT s.timezone FROM almanac.theme_schedules s
                             WHERE s.user_id = p_users[i] AND s.theme_id = p_themes[i]), 'UTC');
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'LL004' THEN
                outcome := 'missing';
            WHEN SQLSTATE 'LL005' THEN
                outcome := 'busy';
            WHEN OTHERS THEN
                outcome := 'error';
                failure := sqlstate || ' ' || sqlerrm;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_syntheses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_syntheses TO almanac_api;
