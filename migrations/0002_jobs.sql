-- Jobs: the row is the outbox, the lease, the user's slot and the head of the event log.
-- All due and lease decisions use clock_timestamp() of this database, never a process's clock.
-- Functions that run with their caller's rights name every object in full and set no search_path (it costs per call);
-- those that run with the owner's rights fix it.

-- One row per kind of job, written by migrations; `almanac-api migrate` sets rates and time limits from its environment.
-- submit() reads everything about a new job here, so no caller can choose it.
CREATE TABLE almanac.job_kinds (
    kind text PRIMARY KEY,
    lane text NOT NULL,
    route text NOT NULL,                        -- scope of idempotency keys: the method and the /v1 spelling
    subject_type text NOT NULL,
    family text NOT NULL,                       -- the rate limit that counts it
    rate_count int NOT NULL CHECK (rate_count > 0),
    rate_seconds int NOT NULL CHECK (rate_seconds > 0),
    exclusive_key text,                         -- at most one active job per user and key; null: no limit
    start_by interval,                          -- from submission; null: may start at any time
    time_limit interval,                        -- from the first start; null: none
    final_type text NOT NULL DEFAULT 'done',    -- type of the final event
    failure_event boolean NOT NULL DEFAULT false,   -- a job that fails has an `error` event before the final one
    first_step text,                            -- step of the call to payload's `model` that the first claim opens; null: none
    -- How a domain hooks in. Names are `schema.name`, called by the platform's functions; only the owner writes them.
    domain_table text,                          -- has a row (user_id, id) for each job, with its error; null: none
    on_lock text,       -- (users uuid[], ids uuid[]) -> uuid[]: locks more than the domain row, without waiting; returns
                        -- the jobs of which another transaction holds a row
    on_start text,      -- (almanac.jobs[]): at the first start, and if a job is queued again as if it had not started
    on_save text,       -- (almanac.jobs[], items jsonb[]): stores items that workers made; items of a job are a JSON array
    on_finish text,     -- (almanac.jobs[], results jsonb[]) -> (n, final): writes totals and ends into the domain rows;
                        -- returns the final events of jobs without a result
    on_cancel text,     -- (almanac.jobs) -> boolean: whether a cancelled job may end now; false while only the job can find
                        -- out what it did outside; null: always
    on_retry text,      -- (almanac.jobs, new uuid) -> boolean: copies the domain row; false if it cannot be made again
    on_prune text,      -- (users uuid[], ids uuid[]) -> uuid[]: deletes texts of ended jobs; returns those not done;
                        -- null: excerpts in the errors of domain rows
    on_erase text       -- (user uuid, before timestamptz, max int) -> bigint: deletes rows of the user up to that moment
);
ALTER TABLE almanac.job_kinds ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.job_kinds FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.job_kinds TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY processes_read ON almanac.job_kinds FOR SELECT TO almanac_admin, almanac_worker USING (true);
GRANT SELECT ON almanac.job_kinds TO almanac_admin, almanac_worker;
INSERT INTO almanac.job_kinds (kind, lane, route, subject_type, family, rate_count, rate_seconds, exclusive_key)
VALUES ('account.erase', 'account', 'DELETE /v1/me/data', 'account', 'erase', 5, 86400, 'erase');

CREATE TABLE almanac.jobs (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    kind text NOT NULL,                         -- e.g. flashcards.generate
    lane text NOT NULL,                         -- the queue that delivers it
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'running', 'succeeded', 'partial', 'timeout', 'failed', 'cancelled', 'dead')),
    exclusive_key text,                         -- at most one active job per user and key; null: no limit
    payload jsonb NOT NULL DEFAULT '{}',        -- input of the kind; fields may be added with a default, never renamed
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    retry_of uuid,                              -- the final job that this one repeats
    trace text,                                 -- W3C traceparent of the request
    request_id text,
    attempt int NOT NULL DEFAULT 0,             -- retry verdicts so far
    crashes int NOT NULL DEFAULT 0,             -- leases that ran out, but for those of workers that woke again
    crashed_epoch bigint,                       -- the last lease that is among them
    stalls int NOT NULL DEFAULT 0,              -- crashes that were taken back
    epoch bigint NOT NULL DEFAULT 0,            -- raised by every claim; every write of a worker names it
    lease_owner text,
    lease_expires_at timestamptz,
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    start_by timestamptz,                       -- not started by then: failed, as QUEUE_TIMEOUT or PROVIDER_UNAVAILABLE
    held_since timestamptz,                     -- since then the provider cannot serve it; the first content clears it
    held_until timestamptz,                     -- not served by then: failed, as PROVIDER_UNAVAILABLE
    time_limit interval,                        -- from the first start; belongs to the job, not to an attempt
    deadline_at timestamptz,
    cancel_requested_at timestamptz,
    last_seq bigint NOT NULL DEFAULT 0,
    progress jsonb,
    error jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (user_id, id)                        -- target of (user_id, job) keys, and the newest-first list: ids are v7
) WITH (fillfactor = 80);

-- A job that is named is found by its key, however many wait. An index of all waiting jobs is the cheapest plan while
-- few wait, and a cached plan continues to read all of it when ten thousand do. So the conditions of the indexes below
-- are not implied by any other condition: only queries that repeat them use these indexes.
CREATE INDEX jobs_waiting ON almanac.jobs (lane, run_at) WHERE CASE state WHEN 'queued' THEN true ELSE false END;
-- Running jobs are as few as there are slots, and are read whole. No index has lease_expires_at: a lease is renewed every
-- three seconds, and the row stays in its page without touching an index (HOT).
CREATE INDEX jobs_held ON almanac.jobs (lane) WHERE CASE state WHEN 'running' THEN true ELSE false END;
-- What a user has waiting or running: a few, of as many jobs as the user ever had.
CREATE INDEX jobs_active ON almanac.jobs (user_id) WHERE CASE WHEN finished_at IS NULL THEN true ELSE false END;
CREATE INDEX jobs_ended ON almanac.jobs (finished_at) WHERE CASE WHEN finished_at IS NULL THEN false ELSE true END;
CREATE INDEX jobs_start_by ON almanac.jobs (start_by) WHERE state = 'queued' AND start_by IS NOT NULL;
CREATE INDEX jobs_deadline ON almanac.jobs (deadline_at)
    WHERE CASE WHEN deadline_at IS NULL THEN false ELSE finished_at IS NULL END;
CREATE INDEX jobs_held_until ON almanac.jobs (held_until)
    WHERE CASE WHEN held_until IS NULL THEN false ELSE finished_at IS NULL END;
CREATE UNIQUE INDEX jobs_one_active ON almanac.jobs (user_id, exclusive_key)
    WHERE exclusive_key IS NOT NULL AND state IN ('queued', 'running');

-- For the operators' list of poison. Its columns never change or are in predicates already, so it costs a submission one
-- comparison and an update nothing.
CREATE INDEX jobs_dead ON almanac.jobs (id) WHERE state = 'dead';
-- For the operators' lists by status. A job that succeeds never enters it.
CREATE INDEX jobs_unsuccessful ON almanac.jobs (id)
    WHERE CASE WHEN state IN ('partial', 'timeout', 'failed', 'cancelled', 'dead') THEN true ELSE false END;

-- No foreign key to jobs: a key would be looked up once per event, and all writers lock the row of the job first. A
-- statement that deletes a job deletes its events.
CREATE TABLE almanac.job_events (
    job_id uuid NOT NULL,
    seq bigint NOT NULL,                        -- gap-free from 1
    type text NOT NULL,
    data text NOT NULL,                         -- exact one-line JSON as sent; text, because jsonb reorders keys
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (job_id, seq)
);

-- One row before each call of a model: what was asked, what it cost, how it ended.
CREATE TABLE almanac.llm_calls (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES almanac.jobs ON DELETE CASCADE,
    epoch bigint NOT NULL,
    step text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    -- unknown: cut by an end or a stall of its worker; refused: the provider could not serve, and the job is not charged
    state text NOT NULL DEFAULT 'started' CHECK (state IN ('started', 'succeeded', 'failed', 'unknown', 'refused')),
    reserved_usd numeric(12, 6) NOT NULL DEFAULT 0,
    cost_usd numeric(12, 6),
    tokens_input int,
    tokens_output int,
    provider_ref text,                          -- the provider's own id, to reconcile cost later
    error jsonb,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX llm_calls_job ON almanac.llm_calls (job_id, step);
CREATE UNIQUE INDEX llm_calls_step_bought_once ON almanac.llm_calls (job_id, step) WHERE state = 'succeeded';

-- Every send to the outside world: one row per effect, unique by what it would do.
CREATE TABLE almanac.effects (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('post', 'email')),
    dedupe_key text NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'planned' CHECK (state IN
        ('planned', 'sending', 'confirmed', 'rejected', 'unknown', 'needs_review', 'abandoned')),
    epoch bigint,
    send_deadline timestamptz,
    provider_key text NOT NULL,
    provider_ref text,
    payload_hash bytea NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    last_error jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (user_id, job_id) REFERENCES almanac.jobs (user_id, id),
    CHECK (state <> 'sending' OR (send_deadline IS NOT NULL AND epoch IS NOT NULL))
);
CREATE INDEX effects_open ON almanac.effects (state, send_deadline) WHERE state IN ('sending', 'unknown');
CREATE INDEX effects_job ON almanac.effects (user_id, job_id);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['jobs', 'job_events', 'llm_calls', 'effects'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY admin_reads ON almanac.%I FOR SELECT TO almanac_admin USING (true)', tab);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.%I TO almanac_worker', tab);
        EXECUTE format('GRANT SELECT ON almanac.%I TO almanac_admin', tab);
    END LOOP;
END
$$;

-- A user reads; only functions write, so no client of the database can forge a job or an event.
CREATE POLICY user_reads ON almanac.jobs FOR SELECT TO authenticated USING (user_id = (SELECT almanac.uid()));
CREATE POLICY user_reads ON almanac.effects FOR SELECT TO authenticated USING (user_id = (SELECT almanac.uid()));
-- OFFSET keeps the planner from reading all jobs of the user into a hash for the few events of one job.
CREATE POLICY user_reads ON almanac.job_events FOR SELECT TO authenticated USING (EXISTS (
    SELECT FROM almanac.jobs j WHERE j.id = job_id AND j.user_id = (SELECT almanac.uid()) OFFSET 0));
GRANT SELECT ON almanac.jobs, almanac.job_events, almanac.effects TO authenticated;

-- Guards against our own bugs and manual repairs.
CREATE FUNCTION almanac.jobs_guard() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF new.epoch < old.epoch THEN
        RAISE EXCEPTION 'epoch of job % may not go back', old.id USING errcode = '55000';
    END IF;
    IF old.finished_at IS NOT NULL AND new.state IS DISTINCT FROM old.state THEN
        RAISE EXCEPTION 'job % is final (%)', old.id, old.state USING errcode = '55000';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER jobs_guard BEFORE UPDATE ON almanac.jobs
    FOR EACH ROW WHEN (new.epoch < old.epoch OR old.finished_at IS NOT NULL)
    EXECUTE FUNCTION almanac.jobs_guard();

CREATE FUNCTION almanac.effects_guard() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF old.state IN ('confirmed', 'rejected', 'abandoned') AND new.state IS DISTINCT FROM old.state THEN
        RAISE EXCEPTION 'effect % is final (%)', old.id, old.state USING errcode = '55000';
    END IF;
    IF new.state = 'sending' AND old.state <> 'planned' THEN
        RAISE EXCEPTION 'only a planned effect may be sent (% is %)', old.id, old.state USING errcode = '55000';
    END IF;
    IF old.state IN ('sending', 'unknown') AND new.state = 'planned' AND coalesce(new.last_error ->> 'proof', '') = '' THEN
        RAISE EXCEPTION 'effect % needs proof that it was not sent', old.id USING errcode = '55000';
    END IF;
    new.updated_at := clock_timestamp();
    RETURN new;
END
$$;
CREATE TRIGGER effects_guard BEFORE UPDATE ON almanac.effects
    FOR EACH ROW EXECUTE FUNCTION almanac.effects_guard();

-- open_call() marks a call that a worker's end cut off as unknown when the next call of the job opens. A job that ends
-- without a next call marks it here, whichever function ends it. Jobs under their first lease have no such call.
CREATE FUNCTION almanac.end_cut_calls() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
     WHERE job_id = new.id AND state = 'started' AND epoch < new.epoch;
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_end_cut_calls AFTER UPDATE OF finished_at ON almanac.jobs
    FOR EACH ROW WHEN (old.finished_at IS NULL AND new.finished_at IS NOT NULL AND new.epoch > 1)
    EXECUTE FUNCTION almanac.end_cut_calls();
