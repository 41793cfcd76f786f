-- Syntheses: themes with feeds and a schedule, what was summed up of them, and the mails that carried it.
-- A schedule fires once per theme and local date; each fire has one row in schedule_runs, whatever became of it. A mail is
-- one delivery with one job and one effect (0002_jobs.sql).

-- No on_start: a synthesis runs if its job has started.
INSERT INTO almanac.job_kinds (kind, lane, route, subject_type, family, rate_count, rate_seconds, exclusive_key, time_limit,
                               domain_table, on_lock, on_save, on_finish, on_retry, on_prune, on_erase)
VALUES ('synthesis.generate', 'synthesis', 'POST /v1/themes/{id}/syntheses', 'synthesis', 'synthesis', 10, 300,
        'synthesis', '300 s', 'almanac.syntheses', 'almanac.lock_syntheses', 'almanac.store_sections',
        'almanac.finish_syntheses', 'almanac.clone_synthesis', 'almanac.prune_readings', 'almanac.erase_syntheses'),
       ('email.send', 'email', 'POST /v1/themes/{id}/schedule/test-mail', 'delivery', 'synthesis', 10, 300,
        NULL, NULL, 'almanac.email_deliveries', 'almanac.lock_mails', NULL,
        'almanac.finish_mails', 'almanac.retry_mail', 'almanac.prune_mails', NULL);

CREATE TABLE almanac.themes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    description text NOT NULL CHECK (char_length(description) <= 2000),
    language text NOT NULL CHECK (char_length(language) BETWEEN 1 AND 35),
    sections jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(sections) = 'array'),  -- titles, in order; empty: the model's
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id)
);
CREATE INDEX themes_newest ON almanac.themes (user_id, created_at DESC, id DESC);

-- The feeds of a theme, as the last fetch left them.
CREATE TABLE almanac.theme_sources (
    user_id uuid NOT NULL,
    theme_id uuid NOT NULL,
    url text COLLATE "C" NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 2048),
    place int NOT NULL,                         -- in the theme's list, from 1
    etag text,                                  -- for the next conditional request
    last_modified text,
    items jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(items) = 'array'),    -- what the feed held; kept for a 304
    last_fetched_at timestamptz,                -- of the last fetch that brought the feed
    last_error jsonb,                           -- of the last fetch; null: it brought the feed
    PRIMARY KEY (user_id, theme_id, url),
    FOREIGN KEY (user_id, theme_id) REFERENCES almanac.themes (user_id, id) ON DELETE CASCADE
);

CREATE TABLE almanac.theme_schedules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    theme_id uuid NOT NULL,
    user_id uuid NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    days jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(days) = 'array'),
    time_utc text NOT NULL DEFAULT '08:00',
    emails jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(emails) = 'array' AND jsonb_array_length(emails) <= 3),
    timezone text,                              -- IANA name; with time_local it decides instead of time_utc
    time_local text,
    catch_up_minutes int CHECK (catch_up_minutes > 0),  -- null: for the rest of the fire date
    last_run_at timestamptz,                    -- of the last fire that succeeded
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The next fire: its local date and its instant. Computed by programs, again after each save and fire, and when the
    -- zones' data changes. Null: none.
    next_fire_date date,
    next_fire_at timestamptz,
    zone_data text NOT NULL,                    -- version of the data that the next fire was computed with
    busy_since timestamptz,                     -- the fire is due and waits: another synthesis of the user is running
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (user_id, theme_id),
    FOREIGN KEY (user_id, theme_id) REFERENCES almanac.themes (user_id, id) ON DELETE CASCADE,
    CHECK ((timezone IS NULL) = (time_local IS NULL)),
    CHECK ((next_fire_date IS NULL) = (next_fire_at IS NULL))
);
CREATE INDEX idx_theme_schedules_enabled ON almanac.theme_schedules (next_fire_at) WHERE enabled = true;
CREATE INDEX theme_schedules_zone_data ON almanac.theme_schedules (zone_data) WHERE enabled AND timezone IS NOT NULL;

-- The time of a save is the database's, so that no client can make a fire of the past due.
CREATE FUNCTION almanac.schedules_saved() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    new.saved_at := clock_timestamp();
    new.updated_at := new.saved_at;
    RETURN new;
END
$$;
CREATE TRIGGER schedules_saved BEFORE INSERT OR UPDATE OF enabled, days, time_utc, timezone, time_local, catch_up_minutes
    ON almanac.theme_schedules FOR EACH ROW EXECUTE FUNCTION almanac.schedules_saved();

-- One row per fire. It stays when its schedule is deleted, so that a schedule that is made again does not fire twice.
CREATE TABLE almanac.schedule_runs (
    user_id uuid NOT NULL,
    theme_id uuid NOT NULL,
    fire_date date NOT NULL,                    -- in the schedule's zone
    fire_at timestamptz NOT NULL,
    -- running: its synthesis is on its way; waiting: for its next attempt; delivering: its mails are on their way
    state text NOT NULL CHECK (state IN
        ('running', 'waiting', 'delivering', 'done', 'skipped', 'missed', 'failed')),
    reason text,                                -- a code
    zone text NOT NULL,
    start_until timestamptz NOT NULL,           -- the end of its catch-up window
    emails jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(emails) = 'array'),  -- recipients when it fired
    attempts int NOT NULL DEFAULT 0,            -- attempts that failed by their own fault
    next_attempt_at timestamptz,
    job_id uuid,                                -- of the latest attempt
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, theme_id, fire_date),
    FOREIGN KEY (user_id, theme_id) REFERENCES almanac.themes (user_id, id) ON DELETE CASCADE,
    CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX schedule_runs_waiting ON almanac.schedule_runs (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX schedule_runs_unsuccessful ON almanac.schedule_runs (updated_at) WHERE state IN ('missed', 'skipped', 'failed');

CREATE TABLE almanac.syntheses (
    id uuid NOT NULL,                           -- of its job
    user_id uuid NOT NULL,
    theme_id uuid NOT NULL,
    fire_date date,                             -- null: a person asked for it
    model text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    zone text NOT NULL DEFAULT 'UTC',           -- of the schedule, else UTC: the week and the date are those of this zone
    week text,                                  -- ISO, e.g. 2026-W13; set with the first reading
    articles jsonb,                             -- what the model reads; null before the feeds are read, and once pruned
    item_keys text[],                           -- all items of the last seven days when the feeds were read
    sections jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(sections) = 'array'),
    error jsonb,
    ai_metadata jsonb,
    tokens_input int,
    tokens_output int,
    cost_usd numeric(12, 6),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id),
    FOREIGN KEY (user_id, theme_id) REFERENCES almanac.themes (user_id, id) ON DELETE CASCADE
);
CREATE INDEX syntheses_theme ON almanac.syntheses (user_id, theme_id, id DESC);
CREATE INDEX syntheses_succeeded ON almanac.syntheses (user_id, theme_id, id DESC) WHERE status = 'succeeded';
CREATE TRIGGER syntheses_forget_log AFTER DELETE ON almanac.syntheses
    FOR EACH ROW EXECUTE FUNCTION almanac.forget_log();

-- Recipients, each with the token of its unsubscribe links. No key to the theme: links in old mails work after it is gone.
CREATE TABLE almanac.email_recipients (
    user_id uuid NOT NULL,
    theme_id uuid NOT NULL,
    address_hash bytea NOT NULL,
    token text NOT NULL UNIQUE CHECK (token ~ '^[0-9a-f]{32}$'),
    unsubscribed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, theme_id, address_hash)
);

-- Addresses that get no mail of this service at all. Hashes only; no user owns a row, and no erase removes it.
CREATE TABLE almanac.email_suppressions (
    address_hash bytea PRIMARY KEY,
    reason text NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribed')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE almanac.email_deliveries (
    user_id uuid NOT NULL,
    id uuid NOT NULL,                           -- of its job
    synthesis_id uuid NOT NULL,
    theme_id uuid NOT NULL,
    fire_date date,                             -- null: a test mail
    address text NOT NULL CHECK (char_length(address) BETWEEN 3 AND 320),
    dedupe_key text NOT NULL UNIQUE,            -- one mail per theme, fire date and recipient; the key of its effect
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'sent', 'delayed', 'delivered', 'bounced', 'complained', 'failed', 'suppressed', 'skipped',
         'needs_review')),
    error jsonb,
    provider_ref text,                          -- the provider's id
    subject text,                               -- the mail as it was rendered, once; null before, and once pruned
    html text,
    body text,
    unsubscribe_url text,
    first_sent_at timestamptz,                  -- since then a byte of it may have left
    unknown_since timestamptz,                  -- since then a request may have been taken whose answer is missing
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id),
    FOREIGN KEY (user_id, synthesis_id) REFERENCES almanac.syntheses (user_id, id) ON DELETE CASCADE
);
CREATE INDEX email_deliveries_synthesis ON almanac.email_deliveries (user_id, synthesis_id, id);
CREATE UNIQUE INDEX email_deliveries_id ON almanac.email_deliveries (id);   -- webhooks name no user
CREATE INDEX email_deliveries_status ON almanac.email_deliveries (status, id);
CREATE INDEX email_deliveries_undelivered ON almanac.email_deliveries (id)
    WHERE status IN ('bounced', 'complained', 'failed', 'needs_review');
CREATE TRIGGER deliveries_forget_log AFTER DELETE ON almanac.email_deliveries
    FOR EACH ROW EXECUTE FUNCTION almanac.forget_log();
ALTER TABLE almanac.email_deliveries ALTER COLUMN html SET COMPRESSION lz4;
ALTER TABLE almanac.theme_sources ALTER COLUMN items SET COMPRESSION lz4;
ALTER TABLE almanac.syntheses ALTER COLUMN articles SET COMPRESSION lz4;

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['themes', 'theme_sources', 'theme_schedules', 'schedule_runs', 'syntheses',
                               'email_recipients', 'email_suppressions', 'email_deliveries'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
    END LOOP;
    FOREACH tab IN ARRAY ARRAY['themes', 'theme_sources', 'theme_schedules', 'schedule_runs', 'syntheses',
                               'email_deliveries'] LOOP
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;
-- A user adds test mails only: the keys of all others are the workers' to write.
CREATE POLICY user_begins ON almanac.email_deliveries AS RESTRICTIVE FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT almanac.uid()) AND fire_date IS NULL AND status = 'pending'
                AND dedupe_key = 'test/' || user_id || '/' || id);
CREATE POLICY admin_reads ON almanac.email_deliveries FOR SELECT TO almanac_admin USING (true);

-- UPDATE of themes, because an erase and the ends of jobs lock them.
GRANT SELECT, UPDATE, DELETE ON almanac.themes TO almanac_worker;
GRANT SELECT, UPDATE, DELETE ON almanac.theme_sources, almanac.theme_schedules TO almanac_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.schedule_runs, almanac.syntheses, almanac.email_recipients,
    almanac.email_deliveries TO almanac_worker;
GRANT SELECT ON almanac.email_suppressions TO almanac_worker;

GRANT SELECT, DELETE, INSERT (id, user_id, name, description, language, sections),
    UPDATE (name, description, language, sections, updated_at)
    ON almanac.themes TO authenticated;
GRANT SELECT (user_id, theme_id, url, place, items, last_fetched_at, last_error), DELETE,
    INSERT (user_id, theme_id, url, place), UPDATE (place)
    ON almanac.theme_sources TO authenticated;
GRANT SELECT, DELETE,
    INSERT (theme_id, user_id, enabled, days, time_utc, emails, timezone, time_local, catch_up_minutes, next_fire_date,
            next_fire_at, zone_data),
    UPDATE (enabled, days, time_utc, emails, timezone, time_local, catch_up_minutes, next_fire_date, next_fire_at,
            zone_data, busy_since)
    ON almanac.theme_schedules TO authenticated;
GRANT SELECT ON almanac.schedule_runs TO authenticated;
-- A user submits syntheses and test mails through functions and cannot write the columns of the worker.
GRANT SELECT, INSERT (id, user_id, theme_id, model, prompt_version, zone) ON almanac.syntheses TO authenticated;
GRANT SELECT (user_id, id, synthesis_id, theme_id, fire_date, address, status, created_at, updated_at),
    INSERT (user_id, id, synthesis_id, theme_id, address, dedupe_key)
    ON almanac.email_deliveries TO authenticated;
GRANT SELECT (user_id, id, synthesis_id, theme_id, fire_date, status, error, provider_ref, created_at, updated_at)
    ON almanac.email_deliveries TO almanac_admin;
