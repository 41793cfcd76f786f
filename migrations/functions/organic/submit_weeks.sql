-- Submits organic weeks, each with its user's claims: job and run. Runs as its caller, the API. Outcomes are those of
-- submit(), `missing` for a brand that does not exist or belongs to another user, `unlinked`, with the account's place
-- in the week's list from 1, for an account that is not the brand's on that platform, and `error` with the cause in
-- `failure`; only `new` writes. Nothing is waited for: a brand that another transaction holds is `busy`.
-- p_platforms and p_accounts hold one JSON array per week.
CREATE OR REPLACE FUNCTION almanac.submit_weeks(
    p_users uuid[], p_jobs uuid[], p_brands text[], p_weeks date[], p_bodies jsonb[], p_platforms jsonb[],
    p_accounts jsonb[], p_models text[], p_prompts text[], p_keys text[], p_fingerprints bytea[], p_traces text[],
    p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, active_kind text, unlinked int, remaining int, reset_seconds int,
               failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    FOR i IN 1 .. cardinality(p_users) LOOP
        n := i;
        unlinked := NULL;
        failure := NULL;
        BEGIN
            PERFORM set_config('role', 'none', true);
            SELECT s.outcome, s.job_id, s.active_kind, s.remaining, s.reset_seconds
              INTO outcome, job_id, active_kind, remaining, reset_seconds
              FROM almanac.submit(
                   'organic.generate', p_users[i:i], p_jobs[i:i], ARRAY['{}'::jsonb],
                   ARRAY[p_brands[i] || '/' || p_weeks[i]], p_keys[i:i], p_fingerprints[i:i],
                   ARRAY[jsonb_build_object('brandProfileId', p_brands[i], 'weekStart', p_weeks[i])::text],
                   p_traces[i:i], p_requests[i:i]) AS s;
            PERFORM set_config('role', 'authenticated', true),
                    set_config('request.jwt.claims',
                               '{"sub":"' || p_users[i]::text || '","role":"authenticated"}', true);
            IF outcome IN ('new', 'active', 'limited') THEN
                -- Ownership is answered before anything that says how busy the caller is.
                PERFORM FROM almanac.brand_profiles b WHERE b.user_id = p_users[i] AND b.id = p_brands[i]
                    FOR KEY SHARE SKIP LOCKED;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'no brand' USING errcode = CASE WHEN EXISTS (
                        SELECT FROM almanac.brand_profiles b WHERE b.user_id = p_users[i] AND b.id = p_brands[i])
                        THEN 'LL005' ELSE 'LL004' END;
                END IF;
                SELECT min(s.place) INTO unlinked
                  FROM (SELECT p.platform, p.place, p_accounts[i] ->> (p.place::int - 1) AS account
                          FROM jsonb_array_elements_text(p_platforms[i]) WITH ORDINALITY AS p (platform, place)) AS s
                 WHERE NOT EXISTS (
                       SELECT FROM almanac.platform_accounts c
                        WHERE c.user_id = p_users[i] AND c.brand_id = p_brands[i] AND c.id = s.account
                          AND c.platform = s.platform);
                IF unlinked IS NOT NULL THEN
                    RAISE EXCEPTION 'not linked' USING errcode = 'LL006';
                END IF;
            END IF;
            IF outcome = 'new' THEN
                INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version)
                VALUES (p_jobs[i], p_users[i], p_brands[i], p_weeks[i], p_bodies[i], p_models[i], p_prompts[i]);
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'LL004' THEN
                outcome := 'missing';
            WHEN SQLSTATE 'LL005' THEN
                outcome := 'busy';
            WHEN SQLSTATE 'LL006' THEN
                outcome := 'unlinked';
            WHEN OTHERS THEN
                outcome := 'error';
                failure := sqlstate || ' ' || sqlerrm;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_weeks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_weeks TO almanac_api;
