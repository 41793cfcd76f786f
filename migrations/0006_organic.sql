-- The organic week: a run makes a week's placements for a brand. Each is stored together with its event, under the id
-- that its client chose, so generating a week again changes placements and never doubles one.
-- A run has the id of its job; every key between user tables carries user_id, because foreign keys are checked without
-- row security.

-- Shares its slot with calendars: a user has one active run of either.
INSERT INTO almanac.job_kinds (kind, lane, route, subject_type, family, rate_count, rate_seconds, exclusive_key, start_by,
                               time_limit, final_type, failure_event, domain_table, on_start, on_save, on_finish, on_retry,
                               on_erase)
VALUES ('organic.generate', 'organic', 'POST /v1/organic/generate-calendar', 'week', 'organic', 20, 300, 'calendar',
        '60 s', '60 s', 'complete', true, 'almanac.organic_runs', 'almanac.start_organic_runs',
        'almanac.store_placements', 'almanac.finish_organic_runs', 'almanac.clone_organic_run', 'almanac.erase_organic');

CREATE TABLE almanac.organic_runs (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    week_start date NOT NULL,
    request jsonb NOT NULL,                     -- as it was sent; read again by the same rules
    plan jsonb,                                 -- slots and refusals of its first start: a later attempt moves nothing
    model text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'running', 'succeeded', 'partial', 'timeout', 'failed', 'cancelled')),
    error jsonb,
    ai_metadata jsonb,
    total int,                                  -- number of placements to make; null before its first start
    placed int NOT NULL DEFAULT 0,              -- those it made
    failed int NOT NULL DEFAULT 0,              -- those with an error event
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
CREATE TRIGGER organic_runs_forget_log AFTER DELETE ON almanac.organic_runs
    FOR EACH ROW EXECUTE FUNCTION almanac.forget_log();
CREATE INDEX organic_runs_brand ON almanac.organic_runs (user_id, brand_id);

CREATE TABLE almanac.organic_placements (
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    -- Identity across all runs, chosen by the client.
    placement_id text COLLATE "C" NOT NULL CHECK (almanac.is_name(placement_id)),
    run_id uuid NOT NULL,                       -- the last run that wrote it; no key, because runs are erased before it
    week_start date NOT NULL,
    timezone text NOT NULL,                     -- of the request that made it; local times in edits are read in it
    wished_at timestamptz NOT NULL,             -- the requested time of its last run
    scheduled_at timestamptz NOT NULL,          -- this and the next two as in fields, for lists and publishing
    platform text NOT NULL,
    account_id text,                            -- null: a newsletter has none; no key: it outlives an account
    version bigint NOT NULL DEFAULT 1,          -- number of changes; compared with If-Match
    fields jsonb NOT NULL CHECK (jsonb_typeof(fields) = 'object'), -- current values
    edited text[] NOT NULL DEFAULT '{}',        -- fields that a user changed since
    matches jsonb NOT NULL DEFAULT '[]',        -- assets its last run found for it, each with score and reason
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, brand_id, placement_id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX organic_placements_week
    ON almanac.organic_placements (user_id, brand_id, week_start, scheduled_at, placement_id);
CREATE INDEX organic_placements_time ON almanac.organic_placements (user_id, brand_id, scheduled_at, placement_id);
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

-- A user makes runs through submit_weeks(), edits placements, and cannot write the columns of the worker.
GRANT SELECT, INSERT (id, user_id, brand_id, week_start, request, model, prompt_version)
    ON almanac.organic_runs TO authenticated;
GRANT SELECT, DELETE, UPDATE (week_start, scheduled_at, platform, account_id, version, fields, edited, updated_at)
    ON almanac.organic_placements TO authenticated;
