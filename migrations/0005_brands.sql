-- Brands and what belongs to them: accounts on platforms, trends, creative assets. An organic week is planned from these.
-- Clients choose ids, so every key begins with its owner: an id that another user has taken is free here, and foreign
-- keys, which are checked without row security, cannot cross users.

-- The ids that a client may choose. The API checks the same rule first.
CREATE FUNCTION almanac.is_name(p_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_id ~ '^[A-Za-z0-9_.:@~-]{1,128}$' AND p_id NOT IN ('.', '..');
GRANT EXECUTE ON FUNCTION almanac.is_name TO authenticated, almanac_worker;

-- Ids compare byte by byte under any collation of the database, so pages of a list continue where they ended.
CREATE TABLE almanac.brand_profiles (
    user_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL CHECK (almanac.is_name(id)),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    timezone text NOT NULL,                     -- IANA name; that of a request wins over it
    voice text CHECK (char_length(voice) BETWEEN 1 AND 2000),
    language text CHECK (char_length(language) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id)
);
CREATE INDEX brand_profiles_newest ON almanac.brand_profiles (user_id, created_at DESC, id DESC);

CREATE TABLE almanac.platform_accounts (
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL CHECK (almanac.is_name(id)),
    platform text NOT NULL CHECK (platform IN ('instagram', 'linkedin', 'facebook', 'tiktok', 'youtube')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    -- The last two refuse a placement: ACCOUNT_DISCONNECTED, AUTH_FAILED.
    state text NOT NULL DEFAULT 'connected' CHECK (state IN ('connected', 'disconnected', 'auth_failed')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, brand_id, id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX platform_accounts_newest ON almanac.platform_accounts (user_id, brand_id, created_at DESC, id DESC);

CREATE TABLE almanac.trends (
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL CHECK (almanac.is_name(id)),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 300),
    source text NOT NULL CHECK (source IN ('trend', 'question', 'event', 'manual')),
    description text CHECK (char_length(description) BETWEEN 1 AND 2000),
    priority int NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 100),    -- higher first
    tags text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, brand_id, id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX trends_newest ON almanac.trends (user_id, brand_id, created_at DESC, id DESC);
CREATE INDEX trends_first ON almanac.trends (user_id, brand_id, priority DESC, created_at, id);

CREATE TABLE almanac.creative_assets (
    user_id uuid NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL CHECK (almanac.is_name(id)),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 300),
    kind text NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'document')),
    url text CHECK (char_length(url) BETWEEN 1 AND 2048),
    tags text[] NOT NULL DEFAULT '{}',
    -- Search terms: the words of title and tags. Written by the program, which also makes the terms of a search; case
    -- mapping in the database depends on its locale.
    terms text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, brand_id, id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX creative_assets_newest ON almanac.creative_assets (user_id, brand_id, created_at DESC, id DESC);

-- For a worker's search. Under a user's policy Postgres applies no operator that might leak before the policy, and && is
-- one: there the brand's own rows are read and filtered. No pending list: it would be searched entry by entry until a
-- vacuum, and assets are loaded seldom and searched often.
CREATE INDEX creative_assets_terms ON almanac.creative_assets USING gin (terms) WITH (fastupdate = off);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['brand_profiles', 'platform_accounts', 'trends', 'creative_assets'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_reads ON almanac.%I FOR SELECT TO almanac_worker USING (true)', tab);
        EXECUTE format('CREATE POLICY worker_deletes ON almanac.%I FOR DELETE TO almanac_worker USING (true)', tab);
        EXECUTE format('CREATE POLICY worker_locks ON almanac.%I FOR UPDATE TO almanac_worker
            USING (true) WITH CHECK (false)', tab);
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;

-- A worker reads them and removes them in an erase; it never writes one. Locking a row takes the right to update one of
-- its columns; the policy worker_locks refuses every row that an update would write.
GRANT SELECT, DELETE, UPDATE (updated_at)
    ON almanac.brand_profiles, almanac.platform_accounts, almanac.trends, almanac.creative_assets TO almanac_worker;
GRANT SELECT, DELETE, INSERT (user_id, id, name, timezone, voice, language),
    UPDATE (name, timezone, voice, language, updated_at)
    ON almanac.brand_profiles TO authenticated;
GRANT SELECT, DELETE, INSERT (user_id, brand_id, id, platform, name, state),
    UPDATE (platform, name, state, updated_at)
    ON almanac.platform_accounts TO authenticated;
GRANT SELECT, DELETE, INSERT (user_id, brand_id, id, title, source, description, priority, tags),
    UPDATE (title, source, description, priority, tags, updated_at)
    ON almanac.trends TO authenticated;
GRANT SELECT, DELETE, INSERT (user_id, brand_id, id, title, kind, url, tags, terms),
    UPDATE (title, kind, url, tags, terms, updated_at)
    ON almanac.creative_assets TO authenticated;
