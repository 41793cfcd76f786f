-- AI calendars (S0): a calendar, its runs, what each run made, and the entries that people see and edit.
-- A run has the id of its job; every key between user tables carries user_id, because foreign keys are checked without
-- row security. What a run made is never changed; what is saved changes only by a first run, a person, or an accept.

CREATE TABLE almanac.calendars (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    title text CHECK (char_length(title) BETWEEN 1 AND 200),
    timezone text NOT NULL,                     -- of the first request; the usual one of entries added by hand
    version int NOT NULL DEFAULT 0,             -- of its latest run
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id)
);
CREATE INDEX calendars_newest ON almanac.calendars (user_id, created_at DESC, id DESC);

CREATE TABLE almanac.calendar_runs (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    version int NOT NULL,                       -- counts the runs of a calendar, from 1
    first boolean NOT NULL,                     -- it made the calendar: its entries are the calendar's without an accept
    request jsonb NOT NULL,                     -- as it was sent; read again by the same rules
    slots int NOT NULL,                         -- how many entries it was to make
    plan_id uuid,                               -- a plan of somebody else's making (D36); never looked up
    model text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'running', 'succeeded', 'partial', 'timeout', 'failed', 'cancelled')),
    error jsonb,
    ai_metadata jsonb,
    entries int NOT NULL DEFAULT 0,
    added int,                                  -- against what was saved when it ended; null before
    updated int,
    removed int,
    tokens_input int,
    tokens_output int,
    cost_usd numeric(12, 6),
    latency_ms bigint,                          -- from the first start to the end
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, calendar_id, version),
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id),
    FOREIGN KEY (user_id, calendar_id) REFERENCES almanac.calendars (user_id, id) ON DELETE CASCADE
);

-- As generated. Nobody may update a row.
CREATE TABLE almanac.calendar_run_entries (
    user_id uuid NOT NULL,
    run_id uuid NOT NULL,
    key text NOT NULL,                          -- channel:date:ordinal (D8)
    ordinal int NOT NULL,                       -- in the order of the model's answer, from 1
    entry_id uuid NOT NULL,                     -- the id of the entry it becomes where there is none of its key
    fields jsonb NOT NULL,                      -- all but media, about which a run says nothing
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, run_id, key),
    UNIQUE (run_id, ordinal),
    FOREIGN KEY (user_id, run_id) REFERENCES almanac.calendar_runs (user_id, id) ON DELETE CASCADE
);

CREATE TABLE almanac.calendar_entries (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    key text NOT NULL,                          -- what it is across all runs; never changes
    version bigint NOT NULL DEFAULT 1,          -- counts its changes: what If-Match names
    fields jsonb NOT NULL,                      -- what it says now
    base jsonb,                                 -- as last accepted from a run; null: a person added it
    edited text[] NOT NULL DEFAULT '{}',        -- fields a person wrote since
    deleted boolean NOT NULL DEFAULT false,     -- tombstone: no run revives it unasked
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, calendar_id, key),
    FOREIGN KEY (user_id, calendar_id) REFERENCES almanac.calendars (user_id, id) ON DELETE CASCADE
);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['calendars', 'calendar_runs', 'calendar_run_entries', 'calendar_entries'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.calendars, almanac.calendar_runs, almanac.calendar_entries
    TO almanac_worker;
GRANT SELECT, INSERT ON almanac.calendar_run_entries TO almanac_worker;
-- A person makes runs through submit_calendar() and may never write what only a worker knows.
GRANT SELECT, DELETE, INSERT (id, user_id, title, timezone), UPDATE (title, version, updated_at)
    ON almanac.calendars TO authenticated;
GRANT SELECT, INSERT (id, user_id, calendar_id, version, first, request, slots, plan_id, model, prompt_version)
    ON almanac.calendar_runs TO authenticated;
GRANT SELECT ON almanac.calendar_run_entries TO authenticated;
GRANT SELECT, DELETE, INSERT (id, user_id, calendar_id, key, version, fields, base, edited, deleted),
    UPDATE (version, fields, base, edited, deleted, updated_at)
    ON almanac.calendar_entries TO authenticated;

-- Accepts one run under the caller's claims and rights: job, calendar (made, or locked) and the run's next version.
-- Outcomes are accept()'s, and `missing` for a calendar that is not there or not theirs; every outcome but `new` and
-- `replay` has to be rolled back.
CREATE FUNCTION almanac.submit_calendar(
    p_job uuid, p_calendar uuid, p_first boolean, p_title text, p_timezone text, p_request jsonb, p_slots int,
    p_plan uuid, p_model text, p_prompt text, p_key text, p_fingerprint bytea, p_limit int, p_window int,
    p_time_limit interval, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, calendar_id uuid, version int, active_kind text, remaining int,
               reset_seconds int)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_user uuid := almanac.uid();
    a record;
BEGIN
    a := almanac.accept(
        p_job, 'calendar.generate', 'calendar',
        jsonb_build_object('timeLimitMs', (extract(epoch FROM p_time_limit) * 1000)::bigint),
        'calendar', p_calendar::text, 'calendar', interval '60 s', p_time_limit, 'POST /v1/ai/calendar',
        p_key, p_fingerprint, jsonb_build_object('calendarId', p_calendar)::text,
        'calendar', p_limit, p_window, p_trace, p_request_id);
    outcome := a.outcome;
    job_id := a.job_id;
    active_kind := a.active_kind;
    remaining := a.remaining;
    reset_seconds := a.reset_seconds;
    IF a.outcome = 'replay' THEN
        -- A calendar that was deleted since has no version any more.
        calendar_id := (a.answer::jsonb ->> 'calendarId')::uuid;
        SELECT r.version INTO version FROM almanac.calendar_runs r WHERE r.user_id = v_user AND r.id = a.job_id;
    ELSIF a.outcome = 'new' THEN
        calendar_id := p_calendar;
        IF p_first THEN
            INSERT INTO almanac.calendars (id, user_id, title, timezone)
            VALUES (p_calendar, v_user, p_title, p_timezone);
        END IF;
        UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
         WHERE c.user_id = v_user AND c.id = p_calendar
        RETURNING c.version INTO version;
        IF NOT FOUND THEN
            outcome := 'missing';
            RETURN NEXT;
            RETURN;
        END IF;
        INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id, model,
                                           prompt_version)
        VALUES (p_job, v_user, p_calendar, version, p_first, p_request, p_slots, p_plan, p_model, p_prompt);
    END IF;
    RETURN NEXT;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.submit_calendar TO authenticated;

-- Whether a run's entries become the calendar's without an accept: it is a first run (or a repetition of one), and no
-- run's entry is saved yet.
CREATE FUNCTION almanac.run_adopts(p_user uuid, p_run uuid) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT r.first AND NOT EXISTS (
               SELECT FROM almanac.calendar_entries e
                WHERE e.user_id = r.user_id AND e.calendar_id = r.calendar_id AND e.base IS NOT NULL)
      FROM almanac.calendar_runs r
     WHERE r.user_id = p_user AND r.id = p_run
$$;

-- What a run that ended leaves: the count of what it made and, of a first run, the calendar's entries (D7).
CREATE FUNCTION almanac.close_run(p_user uuid, p_run uuid) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF almanac.run_adopts(p_user, p_run) THEN
        INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields, base)
        SELECT g.entry_id, g.user_id, r.calendar_id, g.key, g.fields || '{"media": []}', g.fields
          FROM almanac.calendar_runs r
          JOIN almanac.calendar_run_entries g ON g.user_id = r.user_id AND g.run_id = r.id
         WHERE r.user_id = p_user AND r.id = p_run
        ON CONFLICT DO NOTHING;
    END IF;
    UPDATE almanac.calendar_runs r
       SET entries = (SELECT count(*) FROM almanac.calendar_run_entries g
                       WHERE g.user_id = r.user_id AND g.run_id = r.id),
           tokens_input = c.tokens_input, tokens_output = c.tokens_output, cost_usd = c.cost_usd
      FROM (SELECT sum(tokens_input)::int AS tokens_input, sum(tokens_output)::int AS tokens_output,
                   sum(cost_usd) AS cost_usd
              FROM almanac.llm_calls WHERE job_id = p_run) AS c
     WHERE r.user_id = p_user AND r.id = p_run;
END
$$;

-- Stores entries and the events that tell of them, in one commit. The update of the job's row is the fence: it locks
-- the row, or finds the lease gone. Entries go on from ordinal p_after. Returns the seq of the last event.
CREATE FUNCTION almanac.save_calendar_entries(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fields jsonb[],
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
    INSERT INTO almanac.calendar_run_entries (user_id, run_id, key, ordinal, entry_id, fields)
    SELECT v_user, p_job, s.key, p_after + s.n, s.id, s.fields
      FROM unnest(p_ids, p_keys, p_fields) WITH ORDINALITY AS s (id, key, fields, n);
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_job, v_last - cardinality(p_types) + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_last;
END
$$;

-- The end of a run: last burst, call, totals over all calls, verdict and, of a first run, its entries as the calendar's;
-- one commit (M3).
CREATE FUNCTION almanac.conclude_calendar(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fields jsonb[],
    p_types text[], p_data text[], p_progress jsonb,
    p_call uuid, p_call_state text, p_tokens_input int, p_tokens_output int, p_cost_usd text, p_provider_ref text,
    p_call_error jsonb, p_metadata jsonb, p_latency_ms bigint, p_added int, p_updated int, p_removed int,
    p_state text, p_error jsonb, p_final text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_seq bigint;
BEGIN
    IF cardinality(p_types) > 0 THEN
        PERFORM almanac.save_calendar_entries(
            p_job, p_epoch, p_after, p_ids, p_keys, p_fields, p_types, p_data, p_progress);
    END IF;
    -- Refuses a lease that is gone; nothing before it stays then.
    v_seq := almanac.finish(p_job, p_epoch, p_state, p_error, p_final, false);
    IF p_call IS NOT NULL THEN
        PERFORM almanac.close_call(
            p_call, p_call_state, p_tokens_input, p_tokens_output, p_cost_usd, p_provider_ref, p_call_error);
    END IF;
    SELECT user_id INTO v_user FROM almanac.jobs WHERE id = p_job;
    UPDATE almanac.calendar_runs
       SET status = p_state, error = p_error, finished_at = clock_timestamp(), ai_metadata = p_metadata,
           latency_ms = p_latency_ms, added = p_added, updated = p_updated, removed = p_removed
     WHERE user_id = v_user AND id = p_job;
    PERFORM almanac.close_run(v_user, p_job);
    RETURN v_seq;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.run_adopts, almanac.close_run, almanac.save_calendar_entries,
    almanac.conclude_calendar TO almanac_worker;

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
        ELSE
            NULL;
    END CASE;
END
$$;

-- The last event of a job that ends without its worker's words, in the shape of its kind.
CREATE FUNCTION almanac.final_data(p_job almanac.jobs) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_status text := CASE p_job.state WHEN 'dead' THEN 'failed' ELSE p_job.state END;
    v_calendar uuid;
    v_version int;
    v_entries bigint;
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
        ELSE
            RETURN json_build_object('status', v_status, 'error', p_job.error)::text;
    END CASE;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.final_data TO almanac_worker;

-- Finish, as before; what nobody put into words is said in the words of its kind.
CREATE OR REPLACE FUNCTION almanac.finish(
    p_id uuid, p_epoch bigint, p_state text, p_error jsonb, p_data text, p_reflect boolean DEFAULT true)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    UPDATE almanac.jobs
       SET state = p_state, error = p_error, finished_at = clock_timestamp(), last_seq = last_seq + 1,
           epoch = CASE WHEN p_epoch IS NULL THEN epoch + 1 ELSE epoch END,
           lease_owner = NULL, lease_expires_at = NULL
     WHERE id = p_id
       AND CASE WHEN p_epoch IS NULL THEN state = 'queued' ELSE state = 'running' AND epoch = p_epoch END
    RETURNING * INTO v_job;
    IF NOT FOUND THEN
        IF p_epoch IS NULL THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    VALUES (p_id, v_job.last_seq, almanac.final_type(v_job.kind), coalesce(p_data, almanac.final_data(v_job)));
    IF p_reflect THEN
        PERFORM almanac.reflect(v_job);
    END IF;
    RETURN v_job.last_seq;
END
$$;

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
        ELSE
            RETURN true;
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION almanac.erase_content(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
    DELETE FROM almanac.ai_generations
     WHERE id IN (SELECT g.id FROM almanac.ai_generations g
                   WHERE g.user_id = p_user AND g.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    -- Piece by piece, so that a run or an entry made after the erase was asked for keeps its calendar (D62). A run goes
    -- with at most some hundred entries of its own.
    DELETE FROM almanac.calendar_runs
     WHERE user_id = p_user
       AND id IN (SELECT r.id FROM almanac.calendar_runs r
                   WHERE r.user_id = p_user AND r.created_at <= p_before LIMIT 5);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.calendar_entries
     WHERE user_id = p_user
       AND id IN (SELECT e.id FROM almanac.calendar_entries e
                   WHERE e.user_id = p_user AND e.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.calendars
     WHERE user_id = p_user
       AND id IN (SELECT c.id FROM almanac.calendars c
                   WHERE c.user_id = p_user AND c.created_at <= p_before
                     AND NOT EXISTS (SELECT FROM almanac.calendar_runs r
                                      WHERE r.user_id = c.user_id AND r.calendar_id = c.id)
                     AND NOT EXISTS (SELECT FROM almanac.calendar_entries e
                                      WHERE e.user_id = c.user_id AND e.calendar_id = c.id)
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
