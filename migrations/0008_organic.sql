-- The organic week (S3): a run makes a week's placements for a brand; each is stored the moment it is told of, under the
-- id its client gave it, so that making a week anew changes placements and never doubles one.
-- A run has the id of its job; every key between user tables carries user_id, because foreign keys are checked without
-- row security.

CREATE TABLE almanac.organic_runs (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    week_start date NOT NULL,
    request jsonb NOT NULL,                     -- as it was sent; read again by the same rules
    plan jsonb,                                 -- slots and refusals as its first start found them: a later attempt moves nothing
    model text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'running', 'succeeded', 'partial', 'timeout', 'failed', 'cancelled')),
    error jsonb,
    ai_metadata jsonb,
    total int,                                  -- placements it is to make; null before its first start
    placed int NOT NULL DEFAULT 0,              -- those it made
    failed int NOT NULL DEFAULT 0,              -- those it told an error about
    tokens_input int,
    tokens_output int,
    cost_usd numeric(12, 6),
    latency_ms bigint,                          -- from the first start to the end
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX organic_runs_brand ON almanac.organic_runs (user_id, brand_id);

CREATE TABLE almanac.organic_placements (
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    -- What it is across all runs: its client's name for it.
    placement_id text COLLATE "C" NOT NULL CHECK (almanac.is_name(placement_id)),
    run_id uuid NOT NULL,                       -- the last run that made it; no key, because runs are erased before it
    week_start date NOT NULL,
    timezone text NOT NULL,                     -- of the request that made it: a person's edit is read by these clocks
    wished_at timestamptz NOT NULL,             -- the time that was asked for when it was made last
    scheduled_at timestamptz NOT NULL,          -- this and the next two as in fields, for lists and publishing
    platform text NOT NULL,
    account_id text,                            -- null: a newsletter has none; no key: it outlives an account
    version bigint NOT NULL DEFAULT 1,          -- counts its changes: what If-Match names
    fields jsonb NOT NULL,                      -- what it says now
    base jsonb NOT NULL,                        -- as last generated
    edited text[] NOT NULL DEFAULT '{}',        -- fields a person wrote since
    matches jsonb NOT NULL DEFAULT '[]',        -- assets its last run found for it, each with score and reason (D23)
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, brand_id, placement_id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX organic_placements_week
    ON almanac.organic_placements (user_id, brand_id, week_start, scheduled_at, placement_id);
CREATE INDEX organic_placements_run ON almanac.organic_placements (user_id, run_id);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['organic_runs', 'organic_placements'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.organic_runs, almanac.organic_placements TO almanac_worker;
-- A person makes runs through submit_organic(), changes what placements say, and may never write what only a worker knows.
GRANT SELECT, INSERT (id, user_id, brand_id, week_start, request, model, prompt_version)
    ON almanac.organic_runs TO authenticated;
GRANT SELECT, UPDATE (week_start, scheduled_at, platform, account_id, version, fields, edited, updated_at)
    ON almanac.organic_placements TO authenticated;

-- Accepts one week under the caller's claims and rights: job and run. Outcomes are accept()'s, `missing` for a brand that
-- is not there or not theirs, and `unlinked`, with the account's place in the list from 1, for an account that is not the
-- brand's on that platform. Every outcome but `new` and `replay` has to be rolled back.
CREATE FUNCTION almanac.submit_organic(
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
GRANT EXECUTE ON FUNCTION almanac.submit_organic TO authenticated;

-- Keeps what the first start of a run has planned, with the events that tell of it. emit() is the fence. Returns the seq
-- of the last event.
CREATE FUNCTION almanac.keep_organic_plan(
    p_job uuid, p_epoch bigint, p_plan jsonb, p_total int, p_failed int, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint := almanac.emit(p_job, p_epoch, p_types, p_data, p_progress);
BEGIN
    UPDATE almanac.organic_runs r
       SET plan = p_plan, total = p_total, failed = p_failed
      FROM almanac.jobs j
     WHERE j.id = p_job AND r.user_id = j.user_id AND r.id = p_job;
    RETURN v_seq;
END
$$;

-- Stores placements and the events that tell of them, in one commit. The update of the job's row is the fence: it locks
-- the row, or finds the lease gone. Each row names the version it was merged with (`known`, 0 for a new one); where a
-- person was faster nothing is stored (LL002), and the caller merges again. Returns the seq of the last event.
CREATE FUNCTION almanac.save_organic_placements(
    p_job uuid, p_epoch bigint, p_rows jsonb, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_last bigint;
    v_brand text;
    v_changed bigint;
    v_made bigint;
BEGIN
    UPDATE almanac.jobs
       SET last_seq = last_seq + cardinality(p_types), progress = coalesce(p_progress, progress)
     WHERE id = p_job AND epoch = p_epoch AND state = 'running'
    RETURNING user_id, last_seq INTO v_user, v_last;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_job USING errcode = 'LL001';
    END IF;
    IF jsonb_array_length(p_rows) > 0 THEN
        SELECT r.brand_id INTO v_brand FROM almanac.organic_runs r WHERE r.user_id = v_user AND r.id = p_job;
        UPDATE almanac.organic_placements p
           SET run_id = p_job, week_start = s.week_start, timezone = s.timezone, wished_at = s.wished_at,
               scheduled_at = s.scheduled_at, platform = s.platform, account_id = s.account_id, version = s.version,
               fields = s.fields, base = s.base, edited = s.edited, matches = s.matches,
               updated_at = clock_timestamp()
          FROM jsonb_to_recordset(p_rows) AS s (
               placement_id text, known bigint, version bigint, week_start date, timezone text,
               wished_at timestamptz, scheduled_at timestamptz, platform text, account_id text, fields jsonb,
               base jsonb, edited text[], matches jsonb)
         WHERE p.user_id = v_user AND p.brand_id = v_brand AND p.placement_id = s.placement_id
           AND s.known > 0 AND p.version = s.known;
        GET DIAGNOSTICS v_changed = ROW_COUNT;
        INSERT INTO almanac.organic_placements (user_id, brand_id, placement_id, run_id, week_start, timezone,
                                                wished_at, scheduled_at, platform, account_id, version, fields, base,
                                                edited, matches)
        SELECT v_user, v_brand, s.placement_id, p_job, s.week_start, s.timezone, s.wished_at, s.scheduled_at,
               s.platform, s.account_id, s.version, s.fields, s.base, s.edited, s.matches
          FROM jsonb_to_recordset(p_rows) AS s (
               placement_id text, known bigint, version bigint, week_start date, timezone text,
               wished_at timestamptz, scheduled_at timestamptz, platform text, account_id text, fields jsonb,
               base jsonb, edited text[], matches jsonb)
         WHERE s.known = 0
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS v_made = ROW_COUNT;
        IF v_changed + v_made <> jsonb_array_length(p_rows) THEN
            RAISE EXCEPTION 'placements of job % have changed meanwhile', p_job USING errcode = 'LL002';
        END IF;
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_job, v_last - cardinality(p_types) + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_last;
END
$$;

-- What a run that ended leaves: the count of what it made, and the totals over all its calls.
CREATE FUNCTION almanac.close_organic(p_user uuid, p_run uuid) RETURNS void
LANGUAGE sql
AS $$
    UPDATE almanac.organic_runs r
       SET placed = (SELECT count(*) FROM almanac.organic_placements p
                      WHERE p.user_id = r.user_id AND p.run_id = r.id),
           tokens_input = c.tokens_input, tokens_output = c.tokens_output, cost_usd = c.cost_usd
      FROM (SELECT sum(tokens_input)::int AS tokens_input, sum(tokens_output)::int AS tokens_output,
                   sum(cost_usd) AS cost_usd
              FROM almanac.llm_calls WHERE job_id = p_run) AS c
     WHERE r.user_id = p_user AND r.id = p_run
$$;

-- The end of a run: last burst, call, totals over all calls, verdict; one commit (M3).
CREATE FUNCTION almanac.conclude_organic(
    p_job uuid, p_epoch bigint, p_rows jsonb, p_types text[], p_data text[], p_progress jsonb,
    p_call uuid, p_call_state text, p_tokens_input int, p_tokens_output int, p_cost_usd text, p_provider_ref text,
    p_call_error jsonb, p_metadata jsonb, p_latency_ms bigint, p_failed int,
    p_state text, p_error jsonb, p_final text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_seq bigint;
BEGIN
    IF cardinality(p_types) > 0 THEN
        PERFORM almanac.save_organic_placements(p_job, p_epoch, p_rows, p_types, p_data, p_progress);
    END IF;
    -- Refuses a lease that is gone; nothing before it stays then.
    v_seq := almanac.finish(p_job, p_epoch, p_state, p_error, p_final, false);
    IF p_call IS NOT NULL THEN
        PERFORM almanac.close_call(
            p_call, p_call_state, p_tokens_input, p_tokens_output, p_cost_usd, p_provider_ref, p_call_error);
    END IF;
    SELECT user_id INTO v_user FROM almanac.jobs WHERE id = p_job;
    UPDATE almanac.organic_runs
       SET status = p_state, error = p_error, finished_at = clock_timestamp(), ai_metadata = p_metadata,
           latency_ms = p_latency_ms, failed = p_failed
     WHERE user_id = v_user AND id = p_job;
    PERFORM almanac.close_organic(v_user, p_job);
    RETURN v_seq;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.keep_organic_plan, almanac.save_organic_placements, almanac.close_organic,
    almanac.conclude_organic TO almanac_worker;

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
        WHEN 'calendar.generate' THEN
            UPDATE almanac.calendar_runs
               SET status = CASE p_job.state WHEN 'queued' THEN 'pending' WHEN 'dead' THEN 'failed' ELSE p_job.state END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                PERFORM almanac.close_run(p_job.user_id, p_job.id);
            END IF;
        WHEN 'organic.generate' THEN
            UPDATE almanac.organic_runs
               SET status = CASE p_job.state WHEN 'queued' THEN 'pending' WHEN 'dead' THEN 'failed' ELSE p_job.state END,
                   error = p_job.error, finished_at = p_job.finished_at
             WHERE user_id = p_job.user_id AND id = p_job.id;
            IF p_job.finished_at IS NOT NULL THEN
                PERFORM almanac.close_organic(p_job.user_id, p_job.id);
            END IF;
        ELSE
            NULL;
    END CASE;
END
$$;

-- The last event of a job that ends without its worker's words, in the shape of its kind.
CREATE OR REPLACE FUNCTION almanac.final_data(p_job almanac.jobs) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_status text := CASE p_job.state WHEN 'dead' THEN 'failed' ELSE p_job.state END;
    v_calendar uuid;
    v_version int;
    v_entries bigint;
    v_run almanac.organic_runs;
BEGIN
    CASE p_job.kind
        WHEN 'calendar.generate' THEN
            SELECT r.calendar_id, r.version INTO v_calendar, v_version FROM almanac.calendar_runs r
             WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
            SELECT count(*) INTO v_entries FROM almanac.calendar_run_entries g
             WHERE g.user_id = p_job.user_id AND g.run_id = p_job.id;
            RETURN json_build_object(
                'data', json_build_object(
                    'status', v_status, 'entries', v_entries, 'added', NULL, 'updated', NULL, 'removed', NULL,
                    'latencyMs', NULL, 'tokens', NULL, 'tokensInput', NULL, 'tokensOutput', NULL, 'costUsd', NULL,
                    'message', p_job.error ->> 'message'),
                'error', p_job.error,
                'meta', json_build_object(
                    'runId', p_job.id, 'calendarId', v_calendar, 'version', v_version, 'seq', p_job.last_seq,
                    'done', true))::text;
        WHEN 'organic.generate' THEN
            SELECT * INTO v_run FROM almanac.organic_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id;
            SELECT count(*) INTO v_entries FROM almanac.organic_placements p
             WHERE p.user_id = p_job.user_id AND p.run_id = p_job.id;
            RETURN json_strip_nulls(json_build_object(
                'status', v_status, 'placements', v_entries, 'errors', coalesce(v_run.failed, 0),
                'message', p_job.error ->> 'message'))::text;
        ELSE
            RETURN json_build_object('status', v_status, 'error', p_job.error)::text;
    END CASE;
END
$$;

-- Clients of a week always see `complete`, and before it, where the week as a whole has failed, an `error` that names no
-- placement (D21). Here, so that it holds however a job fails: by its worker, unstarted, or as poison. finish() gives the
-- final event the seq that this leaves in the row.
CREATE FUNCTION almanac.tell_organic_failure() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    VALUES (new.id, new.last_seq, 'error', json_build_object(
        'code', new.error ->> 'code', 'message', coalesce(new.error ->> 'message', 'It has failed.'))::text);
    new.last_seq := new.last_seq + 1;
    RETURN new;
END
$$;
CREATE TRIGGER jobs_tell_organic_failure BEFORE UPDATE ON almanac.jobs
    FOR EACH ROW WHEN (new.kind = 'organic.generate' AND new.state IN ('failed', 'dead') AND old.finished_at IS NULL)
    EXECUTE FUNCTION almanac.tell_organic_failure();

CREATE OR REPLACE FUNCTION almanac.remake(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_calendar uuid;
    v_version int;
BEGIN
    CASE p_old.kind
        WHEN 'flashcards.generate' THEN
            INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
            SELECT p_new, g.user_id, g.source_text, g.model, g.prompt_version
              FROM almanac.ai_generations g
             WHERE g.id = p_old.id AND g.source_text IS NOT NULL;
            RETURN FOUND;
        WHEN 'calendar.generate' THEN
            SELECT r.calendar_id INTO v_calendar FROM almanac.calendar_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
            UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
             WHERE c.user_id = p_old.user_id AND c.id = v_calendar
            RETURNING c.version INTO v_version;
            INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id, model,
                                               prompt_version)
            SELECT p_new, r.user_id, r.calendar_id, v_version, r.first, r.request, r.slots, r.plan_id, r.model,
                   r.prompt_version
              FROM almanac.calendar_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id AND v_version IS NOT NULL;
            RETURN FOUND;
        WHEN 'organic.generate' THEN
            INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version)
            SELECT p_new, r.user_id, r.brand_id, r.week_start, r.request, r.model, r.prompt_version
              FROM almanac.organic_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
            RETURN FOUND;
        ELSE
            RETURN true;
    END CASE;
END
$$;

-- As before; runs and placements first, and a brand stays as long as a younger one of either is its (D62).
CREATE OR REPLACE FUNCTION almanac.erase_brands(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
    DELETE FROM almanac.organic_runs
     WHERE user_id = p_user
       AND id IN (SELECT r.id FROM almanac.organic_runs r
                   WHERE r.user_id = p_user AND r.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.organic_placements
     WHERE user_id = p_user
       AND (brand_id, placement_id) IN (SELECT p.brand_id, p.placement_id FROM almanac.organic_placements p
                                         WHERE p.user_id = p_user AND p.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.creative_assets
     WHERE user_id = p_user
       AND (brand_id, id) IN (SELECT a.brand_id, a.id FROM almanac.creative_assets a
                               WHERE a.user_id = p_user AND a.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.trends
     WHERE user_id = p_user
       AND (brand_id, id) IN (SELECT t.brand_id, t.id FROM almanac.trends t
                               WHERE t.user_id = p_user AND t.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.platform_accounts
     WHERE user_id = p_user
       AND (brand_id, id) IN (SELECT a.brand_id, a.id FROM almanac.platform_accounts a
                               WHERE a.user_id = p_user AND a.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.brand_profiles
     WHERE user_id = p_user
       AND id IN (SELECT b.id FROM almanac.brand_profiles b
                   WHERE b.user_id = p_user AND b.created_at <= p_before
                     AND NOT EXISTS (SELECT FROM almanac.platform_accounts c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.trends c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.creative_assets c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.organic_runs c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.organic_placements c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
