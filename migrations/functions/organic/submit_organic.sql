-- Submits one week with the caller's claims: job and run. Outcomes are those of accept(), `missing` for a brand that
-- does not exist or belongs to another user, and `unlinked`, with the account's place in the list from 1, for an account
-- that is not the brand's on that platform. Every outcome but `new` and `replay` has to be rolled back.
CREATE OR REPLACE FUNCTION almanac.submit_organic(
    p_job uuid, p_brand text, p_week date, p_request jsonb, p_platforms text[], p_accounts text[],
    p_model text, p_prompt text, p_key text, p_fingerprint bytea, p_limit int, p_window int,
    p_time_limit interval, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, active_kind text, unlinked int, remaining int, reset_seconds int)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_user uuid := almanac.uid();
    a record;
BEGIN
    a := almanac.accept(
        p_job, 'organic.generate', 'organic',
        jsonb_build_object('timeLimitMs', (extract(epoch FROM p_time_limit) * 1000)::bigint),
        'week', p_brand || '/' || p_week, 'calendar', interval '60 s', p_time_limit,
        'POST /v1/organic/generate-calendar', p_key, p_fingerprint,
        jsonb_build_object('brandProfileId', p_brand, 'weekStart', p_week)::text,
        'organic', p_limit, p_window, p_trace, p_request_id);
    outcome := a.outcome;
    job_id := a.job_id;
    active_kind := a.active_kind;
    remaining := a.remaining;
    reset_seconds := a.reset_seconds;
    IF a.outcome IN ('new', 'active', 'limited') THEN
        -- Whose brand and accounts these are is answered before anything that says how busy the caller is.
        IF NOT EXISTS (SELECT FROM almanac.brand_profiles b WHERE b.user_id = v_user AND b.id = p_brand) THEN
            outcome := 'missing';
        ELSE
            SELECT min(n) INTO unlinked
              FROM unnest(p_platforms, p_accounts) WITH ORDINALITY AS s (platform, account, n)
             WHERE NOT EXISTS (
                   SELECT FROM almanac.platform_accounts c
                    WHERE c.user_id = v_user AND c.brand_id = p_brand AND c.id = s.account AND c.platform = s.platform);
            IF unlinked IS NOT NULL THEN
                outcome := 'unlinked';
            END IF;
        END IF;
    END IF;
    IF outcome = 'new' THEN
        INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version)
        VALUES (p_job, v_user, p_brand, p_week, p_request, p_model, p_prompt);
    END IF;
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_organic FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_organic TO authenticated;
