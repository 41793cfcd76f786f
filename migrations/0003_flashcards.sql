-- Flashcards (S2): a generation, the suggestions a model made for it, the cards a person took from them.
-- A generation has the id of its job; every key between user tables carries user_id, because foreign keys are
-- checked without row security.

CREATE TABLE almanac.ai_generations (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    source_text text CHECK (char_length(source_text) BETWEEN 1000 AND 10000),   -- null once its retention is over (D33)
    model text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    error jsonb,
    ai_metadata jsonb,
    tokens_input int,
    tokens_output int,
    cost_usd numeric(12, 6),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (user_id, id),                  -- row security asks for the user anyway: one index serves both
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id)
);
CREATE INDEX idx_ai_generations_user_created ON almanac.ai_generations (user_id, created_at DESC, id DESC);

DO $$
BEGIN
    -- Faster than the default on long text; some builds of Postgres leave it out.
    ALTER TABLE almanac.ai_generations ALTER COLUMN source_text SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

CREATE TABLE almanac.ai_suggestions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    ordinal int NOT NULL,                       -- place in the generation, from 1
    front_key text NOT NULL,                    -- the front as generated, normalised: one question is asked once
    front text NOT NULL CHECK (char_length(front) BETWEEN 1 AND 500),
    back text NOT NULL CHECK (char_length(back) BETWEEN 1 AND 2000),
    status text NOT NULL DEFAULT 'proposed' CHECK (status IN ('proposed', 'accepted', 'edited', 'rejected')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (user_id, generation_id) REFERENCES almanac.ai_generations (user_id, id) ON DELETE CASCADE,
    UNIQUE (generation_id, ordinal),
    UNIQUE (generation_id, front_key),
    PRIMARY KEY (user_id, id)
);
CREATE INDEX ai_suggestions_user_status ON almanac.ai_suggestions (user_id, status);

CREATE TABLE almanac.cards (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    suggestion_id uuid NOT NULL UNIQUE,         -- one card per suggestion, however often it is accepted (D16)
    generation_id uuid NOT NULL,
    front text NOT NULL CHECK (char_length(front) BETWEEN 1 AND 500),
    back text NOT NULL CHECK (char_length(back) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (user_id, suggestion_id) REFERENCES almanac.ai_suggestions (user_id, id) ON DELETE CASCADE
);
CREATE INDEX cards_user ON almanac.cards (user_id, id DESC);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['ai_generations', 'ai_suggestions', 'cards'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.%I TO almanac_worker', tab);
    END LOOP;
END
$$;
-- A person makes generations through submit_generations() and may never write what only a worker knows.
GRANT SELECT, INSERT (id, user_id, source_text, model, prompt_version) ON almanac.ai_generations TO authenticated;
GRANT SELECT, UPDATE (front, back, status, updated_at) ON almanac.ai_suggestions TO authenticated;
GRANT SELECT, INSERT, DELETE, UPDATE (front, back, updated_at) ON almanac.cards TO authenticated;

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
        ELSE
            NULL;
    END CASE;
END
$$;

-- Accepts up to a batch of generations in one commit, each under its own claims. Runs as its caller: the row is
-- written under row security by `authenticated`. Items are taken in the order of their users, so two batches that
-- share users wait for each other instead of deadlocking.
CREATE FUNCTION almanac.submit_generations(
    p_users uuid[], p_jobs uuid[], p_texts text[], p_models text[], p_prompts text[],
    p_keys text[], p_fingerprints bytea[], p_answers text[], p_traces text[], p_requests text[],
    p_limit int, p_window int)
RETURNS TABLE (n int, outcome text, job_id uuid, answer text, remaining int, reset_seconds int, failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    i record;
    a record;
BEGIN
    PERFORM set_config('role', 'authenticated', true);
    FOR i IN
        SELECT * FROM unnest(p_users, p_jobs, p_texts, p_models, p_prompts, p_keys, p_fingerprints, p_answers,
                             p_traces, p_requests) WITH ORDINALITY
            AS t (usr, job, source_text, model, prompt, key, fingerprint, answer, trace, request, ord)
        ORDER BY t.usr, t.ord
    LOOP
        n := i.ord::int;
        failure := NULL;
        BEGIN
            PERFORM set_config('request.jwt.claims',
                '{"sub":"' || i.usr::text || '","role":"authenticated"}', true);
            a := almanac.accept(
                i.job, 'flashcards.generate', 'flashcards',
                jsonb_build_object('model', i.model, 'prompt_version', i.prompt), 'generation', i.job::text,
                NULL, NULL, NULL, 'POST /v1/ai/generations', i.key, i.fingerprint, i.answer,
                'generation', p_limit, p_window, i.trace, i.request);
            IF a.outcome = 'new' THEN
                INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
                VALUES (i.job, i.usr, i.source_text, i.model, i.prompt);
            END IF;
            outcome := a.outcome;
            job_id := a.job_id;
            answer := a.answer;
            remaining := a.remaining;
            reset_seconds := a.reset_seconds;
        EXCEPTION WHEN OTHERS THEN
            -- One refused item costs the others nothing; its cause goes to the log, never to a client.
            outcome := 'error';
            failure := sqlstate || ' ' || sqlerrm;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.submit_generations TO authenticated, almanac_api;

-- Stores suggestions and the events that tell of them, in one commit. The update of the job's row is the fence: it
-- locks the row, or finds the lease gone. Suggestions go on from ordinal p_after. Returns the seq of the last event.
CREATE FUNCTION almanac.save_suggestions(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fronts text[], p_backs text[],
    p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_last bigint;
BEGIN
    UPDATE almanac.jobs
       SET last_seq = last_seq + cardinality(p_types), progress = coalesce(p_progress, progress)
     WHERE id = p_job AND epoch = p_epoch AND state = 'running'
    RETURNING user_id, last_seq INTO v_user, v_last;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_job USING errcode = 'LL001';
    END IF;
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT s.id, v_user, p_job, p_after + s.n, s.front_key, s.front, s.back
      FROM unnest(p_ids, p_keys, p_fronts, p_backs) WITH ORDINALITY AS s (id, front_key, front, back, n);
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_job, v_last - cardinality(p_types) + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_last;
END
$$;

-- The end of a generation: last burst, call, totals over all calls, verdict; one commit (M3).
CREATE FUNCTION almanac.conclude_generation(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fronts text[], p_backs text[],
    p_types text[], p_data text[], p_progress jsonb,
    p_call uuid, p_call_state text, p_tokens_input int, p_tokens_output int, p_cost_usd text, p_provider_ref text,
    p_call_error jsonb, p_metadata jsonb, p_state text, p_error jsonb, p_final text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint;
BEGIN
    IF cardinality(p_types) > 0 THEN
        PERFORM almanac.save_suggestions(
            p_job, p_epoch, p_after, p_ids, p_keys, p_fronts, p_backs, p_types, p_data, p_progress);
    END IF;
    -- Refuses a lease that is gone; nothing before it stays then.
    v_seq := almanac.finish(p_job, p_epoch, p_state, p_error, p_final, false);
    IF p_call IS NOT NULL THEN
        PERFORM almanac.close_call(
            p_call, p_call_state, p_tokens_input, p_tokens_output, p_cost_usd, p_provider_ref, p_call_error);
    END IF;
    UPDATE almanac.ai_generations g
       SET status = CASE WHEN p_state IN ('succeeded', 'cancelled') THEN p_state ELSE 'failed' END,
           error = p_error, finished_at = clock_timestamp(), ai_metadata = p_metadata,
           tokens_input = c.tokens_input, tokens_output = c.tokens_output, cost_usd = c.cost_usd
      FROM (SELECT sum(tokens_input)::int AS tokens_input, sum(tokens_output)::int AS tokens_output,
                   sum(cost_usd) AS cost_usd
              FROM almanac.llm_calls WHERE job_id = p_job) AS c
     WHERE g.id = p_job AND g.user_id = (SELECT user_id FROM almanac.jobs WHERE id = p_job);
    RETURN v_seq;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.save_suggestions, almanac.conclude_generation TO almanac_worker;
