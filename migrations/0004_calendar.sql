-- AI calendars: a calendar, its runs, what each run made, and the entries that users see and edit.
-- A run has the id of its job; every key between user tables carries user_id, because foreign keys are checked without
-- row security. What a run made is never changed; saved entries change only by a first run, a user, or an accept.

INSERT INTO almanac.job_kinds (kind, lane, route, subject_type, family, rate_count, rate_seconds, exclusive_key, start_by,
                               time_limit, domain_table, on_lock, on_start, on_save, on_finish, on_retry, on_erase)
VALUES ('calendar.generate', 'calendar', 'POST /v1/ai/calendar', 'calendar', 'calendar', 20, 300, 'calendar', '60 s',
        '30 s', 'almanac.calendar_runs', 'almanac.lock_calendars', 'almanac.start_calendar_runs',
        'almanac.store_run_entries', 'almanac.finish_calendar_runs', 'almanac.clone_calendar_run', 'almanac.erase_calendar');

CREATE TABLE almanac.calendars (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    title text CHECK (char_length(title) BETWEEN 1 AND 200),
    timezone text NOT NULL,                     -- of the first request; the default of entries added by hand
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
    plan_id uuid,                               -- reference to a plan of the client; never looked up
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

CREATE TRIGGER calendar_runs_forget_log AFTER DELETE ON almanac.calendar_runs
    FOR EACH ROW EXECUTE FUNCTION almanac.forget_log();

-- As generated; never updated.
CREATE TABLE almanac.calendar_run_entries (
    user_id uuid NOT NULL,
    run_id uuid NOT NULL,
    key text NOT NULL,                          -- channel:date:ordinal
    ordinal int NOT NULL,                       -- in the order of the model's answer, from 1
    entry_id uuid NOT NULL,                     -- the id of the entry it becomes where there is none of its key
    fields jsonb NOT NULL,                      -- all but media, which a run never sets
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, run_id, key),
    UNIQUE (run_id, ordinal),
    FOREIGN KEY (user_id, run_id) REFERENCES almanac.calendar_runs (user_id, id) ON DELETE CASCADE
);

CREATE TABLE almanac.calendar_entries (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    key text NOT NULL,                          -- identity across all runs; never changes
    version bigint NOT NULL DEFAULT 1,          -- number of changes; compared with If-Match
    fields jsonb NOT NULL CHECK (jsonb_typeof(fields) = 'object'), -- current values
    from_run boolean NOT NULL DEFAULT false,    -- made by a run, or in part accepted from one
    edited text[] NOT NULL DEFAULT '{}',        -- fields that a user changed since
    run_id uuid,                                -- the run that last wrote it; null: only users did
    deleted boolean NOT NULL DEFAULT false,     -- tombstone: a run revives it only if an accept names its key
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

-- A user makes runs through submit_calendar() and cannot write the columns of the worker.
GRANT SELECT, DELETE, INSERT (id, user_id, title, timezone), UPDATE (title, version, updated_at)
    ON almanac.calendars TO authenticated;
GRANT SELECT, INSERT (id, user_id, calendar_id, version, first, request, slots, plan_id, model, prompt_version)
    ON almanac.calendar_runs TO authenticated;
GRANT SELECT ON almanac.calendar_run_entries TO authenticated;
GRANT SELECT, DELETE, INSERT (id, user_id, calendar_id, key, version, fields, edited, from_run, run_id, deleted),
    UPDATE (version, fields, edited, from_run, run_id, deleted, updated_at)
    ON almanac.calendar_entries TO authenticated;
