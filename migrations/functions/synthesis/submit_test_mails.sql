-- Submits mails of the latest synthesis of a theme to their users' own addresses. Runs as its caller, the API. Outcomes
-- are those of submit_syntheses(), and `empty` for a theme without a successful synthesis.
CREATE OR REPLACE FUNCTION almanac.submit_test_mails(
    p_users uuid[], p_jobs uuid[], p_themes uuid[], p_addresses text[], p_keys text[], p_fingerprints bytea[],
    p_answers text[], p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, remaining int, reset_seconds int, failure text)
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
#variable_conflict use_column
DECLARE
    v_synthesis uuid;
BEGIN
    FOR i IN 1 .. cardinality(p_users) LOOP
        n := i;
        failure := NULL;
        BEGIN
            PERFORM set_config('role', 'none', true);
            SELECT s.outcome, s.job_id, s.remaining, s.reset_seconds
              INTO outcome, job_id, remaining, reset_seconds
              FROM almanac.submit(
                   'email.send', p_users[i:i], p_jobs[i:i], ARRAY['{}'::jsonb], NULL, p_keys[i:i],
                   p_fingerprints[i:i], p_answers[i:i], p_traces[i:i], p_requests[i:i]) AS s;
            PERFORM set_config('role', 'authenticated', true),
                    set_config('request.jwt.claims',
                               '{"sub":"' || p_users[i]::text || '","role":"authenticated"}', true);
            IF outcome IN ('new', 'limited') THEN
                PERFORM FROM almanac.themes t WHERE t.user_id = p_users[i] AND t.id = p_themes[i];
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'no theme' USING errcode = 'LL004';
                END IF;
            END IF;
            IF outcome = 'new' THEN
                SELECT s.id INTO v_synthesis FROM almanac.syntheses s
                 WHERE s.user_id = p_users[i] AND s.theme_id = p_themes[i] AND s.status = 'succeeded'
                 ORDER BY s.id DESC LIMIT 1;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'no synthesis' USING errcode = 'LL006';
                END IF;
                INSERT INTO almanac.email_deliveries (user_id, id, synthesis_id, theme_id, address, dedupe_key)
                VALUES (p_users[i], p_jobs[i], v_synthesis, p_themes[i], p_addresses[i],
                        'test/' || p_users[i] || '/' || p_jobs[i]);
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'LL004' THEN
                outcome := 'missing';
            -- Another transaction holds the synthesis, which the new row's foreign key locks.
            WHEN lock_not_available THEN
                outcome := 'busy';
            WHEN SQLSTATE 'LL006' THEN
                outcome := 'empty';
            WHEN OTHERS THEN
                outcome := 'error';
                failure := sqlstate || ' ' || sqlerrm;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_test_mails FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_test_mails TO almanac_api;
