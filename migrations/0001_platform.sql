-- Platform: the calling user, releases, feature flags, the sliding log of rate limits, idempotency keys, the position of pruning.
-- Every table is created with row security forced and with its policies.

GRANT USAGE ON SCHEMA almanac TO authenticated, almanac_admin, almanac_api, almanac_worker;

-- No function of this role is executable by PUBLIC unless a GRANT says so.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The user of this transaction, from its JWT claims. Null outside of one, never an error. The body is bound to its
-- objects when it is created, so it needs no search_path, and without one Postgres can inline it into the policies.
CREATE FUNCTION almanac.uid() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub', '')::uuid;
GRANT EXECUTE ON FUNCTION almanac.uid() TO PUBLIC;

-- One row: the version of this schema, and the oldest programs that work with it. Both processes read it at their start
-- and refuse a schema that is older than they need, or that has left them behind.
CREATE TABLE almanac.schema_version (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    version int NOT NULL CHECK (version >= compatible_from),
    compatible_from int NOT NULL CHECK (compatible_from > 0)
);
INSERT INTO almanac.schema_version (version, compatible_from) VALUES (1, 1);
ALTER TABLE almanac.schema_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.schema_version FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.schema_version TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY processes_read ON almanac.schema_version FOR SELECT TO almanac_api, almanac_worker USING (true);
GRANT SELECT ON almanac.schema_version TO almanac_api, almanac_worker;

-- Since when each version runs. The first process of a version writes its row, and no restart changes it.
CREATE TABLE almanac.releases (
    version text PRIMARY KEY,
    first_started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE almanac.releases ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.releases FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.releases TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY processes_read ON almanac.releases FOR SELECT TO almanac_api, almanac_worker USING (true);
CREATE POLICY processes_add ON almanac.releases FOR INSERT TO almanac_api, almanac_worker WITH CHECK (true);
GRANT SELECT, INSERT (version) ON almanac.releases TO almanac_api, almanac_worker;

CREATE TABLE almanac.feature_flags (
    name text PRIMARY KEY CHECK (name ~ '^[A-Z][A-Z0-9_]{0,62}$'),
    enabled boolean NOT NULL,
    users uuid[],                               -- null: all users; else on for these only
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE almanac.feature_flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.feature_flags FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.feature_flags TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY admin_all ON almanac.feature_flags TO almanac_admin USING (true) WITH CHECK (true);
CREATE POLICY processes_read ON almanac.feature_flags FOR SELECT TO almanac_api, almanac_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON almanac.feature_flags TO almanac_admin;
GRANT SELECT ON almanac.feature_flags TO almanac_api, almanac_worker;

-- Sliding log of submitted work. `n` counts a user's submissions in one family, so the number inside a window is
-- (last n - first n + 1): two index probes for any limit.
CREATE TABLE almanac.submissions (
    user_id uuid NOT NULL,
    family text NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (user_id, family, at, n)
);
CREATE INDEX submissions_at ON almanac.submissions (at);    -- for pruning; rows come in its order, so it grows at its end
ALTER TABLE almanac.submissions ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.submissions FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.submissions TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON almanac.submissions TO almanac_worker USING (true) WITH CHECK (true);
CREATE POLICY user_reads ON almanac.submissions FOR SELECT TO authenticated USING (user_id = (SELECT almanac.uid()));
GRANT SELECT ON almanac.submissions TO authenticated;
GRANT SELECT, DELETE ON almanac.submissions TO almanac_worker;

CREATE TABLE almanac.idempotency_keys (
    user_id uuid NOT NULL,
    route text NOT NULL,                        -- method and the /v1 spelling of the route
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,                 -- SHA-256 of the body as canonical JSON
    job_id uuid,                                -- null: the request made no job, its answer is all there is
    answer text NOT NULL,                       -- the bare answer, replayed byte for byte
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_expiry ON almanac.idempotency_keys (expires_at);
ALTER TABLE almanac.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.idempotency_keys TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON almanac.idempotency_keys TO almanac_worker USING (true) WITH CHECK (true);
CREATE POLICY user_reads ON almanac.idempotency_keys FOR SELECT TO authenticated
    USING (user_id = (SELECT almanac.uid()));
CREATE POLICY user_adds ON almanac.idempotency_keys FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT almanac.uid()));
CREATE POLICY user_replaces ON almanac.idempotency_keys FOR UPDATE TO authenticated
    USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()));

-- Keys of requests that make no job are written with what they make; those of jobs by the functions that make them.
GRANT SELECT, INSERT (user_id, route, key, fingerprint, answer, expires_at), UPDATE (fingerprint, answer, expires_at)
    ON almanac.idempotency_keys TO authenticated;
GRANT SELECT, DELETE ON almanac.idempotency_keys TO almanac_worker;

-- How far pruning has come: every job that ended before this moment has been handled, except the skipped ones. Without it
-- each round would scan all ended jobs.
CREATE TABLE almanac.retention (
    what text PRIMARY KEY,
    upto timestamptz NOT NULL,
    skipped uuid[] NOT NULL DEFAULT '{}'        -- jobs of which another transaction held a row; every round tries them again
);
INSERT INTO almanac.retention (what, upto) VALUES ('events', '-infinity'), ('texts', '-infinity');
ALTER TABLE almanac.retention ENABLE ROW LEVEL SECURITY;
ALTER TABLE almanac.retention FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON almanac.retention TO almanac_owner USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON almanac.retention TO almanac_worker USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON almanac.retention TO almanac_worker;
