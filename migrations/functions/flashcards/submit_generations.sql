-- Submits a batch of generations in one commit, each row written under row security with its user's claims. Runs as its
-- caller, the API. Outcomes are those of submit(), and `error` with the cause in `failure`. If one request of a batch is
-- refused by an error, the batch is undone and its requests go one by one, so that it costs the others nothing.
CREATE OR REPLACE FUNCTION almanac.submit_generations(
    p_users uuid[], p_jobs uuid[], p_texts text[], p_models text[], p_prompts text[],
    p_keys text[], p_fingerprints bytea[], p_answers text[], p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, answer text, remaining int, reset_seconds int, failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    a record;
    v_places int[];
    v_outcomes text[];
    v_ids uuid[];
    v_answers text[];
    v_remaining int[];
    v_resets int[];
BEGIN
    IF cardinality(p_users) > 1 THEN
        BEGIN
            SELECT array_agg(s.n), array_agg(s.outcome), array_agg(s.job_id), array_agg(s.answer),
                   array_agg(s.remaining), array_agg(s.reset_seconds)
              INTO v_places, v_outcomes, v_ids, v_answers, v_remaining, v_resets
              FROM almanac.submit(
                   'flashcards.generate', p_users, p_jobs,
                   ARRAY(SELECT jsonb_build_object('model', m.model, 'prompt_version', m.prompt)
                           FROM unnest(p_models, p_prompts) WITH ORDINALITY AS m (model, prompt, place)
                          ORDER BY m.place),
                   NULL, p_keys, p_fingerprints, p_answers, p_traces, p_requests) AS s;
            PERFORM set_config('role', 'authenticated', true);
            -- The claims change from row to row: the policy reads them for each.
            INSERT INTO almanac.ai_generations (user_id, id, source_text, model, prompt_version)
            SELECT (set_config('request.jwt.claims', '{"sub":"' || p_users[w.place]::text
                               || '","role":"authenticated"}', true)::json ->> 'sub')::uuid,
                   p_jobs[w.place], p_texts[w.place], p_models[w.place], p_prompts[w.place]
              FROM unnest(v_places, v_outcomes) AS w (place, outcome)
             WHERE w.outcome = 'new';
            RETURN QUERY
            SELECT w.*, NULL::text
              FROM unnest(v_places, v_outcomes, v_ids, v_answers, v_remaining, v_resets) AS w;
            RETURN;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END IF;
    FOR i IN 1 .. cardinality(p_users) LOOP
        n := i;
        failure := NULL;
        BEGIN
            IF i > 1 THEN
                PERFORM set_config('role', 'none', true);
            END IF;
            SELECT s.outcome, s.job_id, s.answer, s.remaining, s.reset_seconds
              INTO outcome, job_id, answer, remaining, reset_seconds
              FROM almanac.submit(
                   'flashcards.generate', p_users[i:i], p_jobs[i:i],
                   ARRAY[jsonb_build_object('model', p_models[i], 'prompt_version', p_prompts[i])], NULL,
                   p_keys[i:i], p_fingerprints[i:i], p_answers[i:i], p_traces[i:i], p_requests[i:i]) AS s;
            IF outcome = 'new' THEN
                PERFORM set_config('role', 'authenticated', true),
                        set_config('request.jwt.claims',
                                   '{"sub":"' || p_users[i]::text || '","role":"authenticated"}', true);
                INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
                VALUES (p_jobs[i], p_users[i], p_texts[i], p_models[i], p_prompts[i]);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            outcome := 'error';
            failure := sqlstate || ' ' || sqlerrm;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_generations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_generations TO almanac_api;
