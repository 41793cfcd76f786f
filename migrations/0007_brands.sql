-- Brands and what belongs to them: accounts on platforms, trends, creative assets (S3). An organic week is planned from
-- these. People choose ids, so a key begins with whom it belongs to: a taken id of another person is a free one here,
-- and foreign keys, which are checked without row security, cannot reach across.

-- What people may choose as an id: what a path holds as it is. The API asks the same before it comes here.
CREATE FUNCTION almanac.is_name(p_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_id ~ '^[A-Za-z0-9_.:@~-]{1,128}$' AND p_id NOT IN ('.', '..');
GRANT EXECUTE ON FUNCTION almanac.is_name TO authenticated, almanac_worker;

-- Ids compare byte by byte, whatever the database's collation is: pages of a list go on where they ended.
CREATE TABLE almanac.brand_profiles (
    user_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL CHECK (almanac.is_name(id)),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    timezone text NOT NULL,                     -- IANA name; a request's own wins over it
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
    priority int NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 100),    -- the higher, the sooner it is taken (D18)
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
    -- What it is found by: the words of title and tags. The program writes them, because it also makes the words that
    -- are looked for, and case mapping here depends on the database's locale.
    terms text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, brand_id, id),
    FOREIGN KEY (user_id, brand_id) REFERENCES almanac.brand_profiles (user_id, id) ON DELETE CASCADE
);
CREATE INDEX creative_assets_newest ON almanac.creative_assets (user_id, brand_id, created_at DESC, id DESC);
-- For a worker's search. Under a person's policy Postgres lets no operator that might leak look at rows before the
-- policy did, and && is one: there the brand's own rows are read and filtered. No list of pending entries: they would be
-- searched one by one until a vacuum, and assets are loaded seldom and searched often.
CREATE INDEX creative_assets_terms ON almanac.creative_assets USING gin (terms) WITH (fastupdate = off);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['brand_profiles', 'platform_accounts', 'trends', 'creative_assets'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;
-- A worker reads them, and removes them in an erase; it never writes one.
GRANT SELECT, DELETE ON almanac.brand_profiles, almanac.platform_accounts, almanac.trends, almanac.creative_assets
    TO almanac_worker;
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

-- What belongs to brands, a piece at a time; how much went. Made for erase_content, and as cautious: what came after
-- the erase was asked for stays, and with it its brand (D62).
CREATE FUNCTION almanac.erase_brands(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
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
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.erase_brands TO almanac_worker;

-- As before, and brands after everything else.
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
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    RETURN almanac.erase_brands(p_user, p_before, p_max);
END
$$;
