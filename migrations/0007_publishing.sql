-- Publishing: connected accounts with sealed tokens, plans, intents, and receipts. A plan is what one request publishes;
-- an intent is one entry on its way to one account, with one job per attempt. The effect ledger (0002_jobs.sql) has a row
-- per attempt that sends anything.
-- No key refers to calendars or brands: what was published stays known after they are deleted.

-- No on_start: a worker that opens an intent sets its status itself (open_intent).
INSERT INTO almanac.job_kinds (kind, lane, route, subject_type, family, rate_count, rate_seconds, domain_table, on_lock,
                               on_finish, on_cancel, on_retry, on_erase)
VALUES ('publishing.publish', 'publishing', 'POST /v1/publish', 'intent', 'publish', 60, 300,
        'almanac.publish_attempts', 'almanac.lock_intents', 'almanac.finish_intents', 'almanac.has_no_open_post',
        'almanac.retry_intent', 'almanac.erase_publishing');

CREATE TABLE almanac.channel_credentials (
    user_id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('instagram', 'tiktok', 'linkedin', 'facebook', 'youtube')),
    account_id text COLLATE "C" NOT NULL CHECK (almanac.is_name(account_id)),
    external_id text NOT NULL CHECK (char_length(external_id) BETWEEN 1 AND 200),   -- the vendor's id
    login text CHECK (login IN ('instagram', 'facebook')),
    settings jsonb NOT NULL DEFAULT '{}',       -- options of posts that name none
    sealed bytea NOT NULL,                      -- the tokens; opened by workers only
    key_id text NOT NULL,                       -- the key that sealed them
    has_refresh boolean NOT NULL,               -- a refresh token is among them
    expires_at timestamptz,                     -- of the access token; null: unknown
    refresh_expires_at timestamptz,             -- of the refresh token; null: unknown
    invalid_since timestamptz,                  -- the channel refused the tokens; new ones clear it
    quota jsonb,                                -- as the channel last reported it
    version bigint NOT NULL DEFAULT 1,          -- counts the changes of the tokens
    refreshing_until timestamptz,               -- a worker refreshes the tokens; others wait for it
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, channel, account_id)
);

CREATE TABLE almanac.publish_plans (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    plan_hash text NOT NULL,
    approved boolean NOT NULL,                  -- the request named the hash that a dry run had shown
    transport text NOT NULL CHECK (transport IN ('live', 'sandbox')),
    calendar_id uuid,
    brand_id text COLLATE "C",
    request jsonb NOT NULL CHECK (jsonb_typeof(request) = 'object'),    -- as it was sent
    skipped jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(skipped) = 'array'),  -- entries left out, with codes
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    CHECK ((calendar_id IS NULL) <> (brand_id IS NULL))
);

CREATE TABLE almanac.publish_intents (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    calendar_id uuid,                           -- null: a placement of brand_id
    brand_id text COLLATE "C",
    run_id uuid,                                -- the run that last wrote the entry
    entry_id text COLLATE "C" NOT NULL,
    entry_version bigint NOT NULL,              -- of the entry in `entry`
    entry jsonb NOT NULL CHECK (jsonb_typeof(entry) = 'object'), -- what is published
    channel text NOT NULL CHECK (channel IN ('instagram', 'tiktok', 'linkedin', 'facebook', 'youtube')),
    account_id text COLLATE "C" NOT NULL,
    external_account text NOT NULL,             -- the vendor's id of the account, for receipts
    transport text NOT NULL CHECK (transport IN ('live', 'sandbox')),
    options jsonb NOT NULL CHECK (jsonb_typeof(options) = 'object'),    -- the request's, completed by the settings
    payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'array'), -- the requests, without secrets
    payload_hash text NOT NULL,
    publish_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'publishing', 'published', 'failed', 'unknown', 'needs_review', 'cancelled')),
    error jsonb,
    attempt int NOT NULL DEFAULT 1,             -- 1 and the number of retries that a person asked for
    known jsonb NOT NULL DEFAULT '{}',          -- what the channel's answers gave for later requests: ids, upload addresses
    sent_at timestamptz,                        -- since then a byte of a request that publishes may have left; null: none
    waiting_since timestamptz,                  -- the channel asks to wait; ends with the attempt
    external_id text,                           -- the vendor's id of the post
    external_url text,
    address_due_at timestamptz,                 -- then the channel is asked for the post's address by what is known; null: it is not
    events jsonb NOT NULL DEFAULT '[]',         -- changes of the status, with proofs, for the receipt
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, plan_id) REFERENCES almanac.publish_plans (user_id, id) ON DELETE CASCADE,
    CHECK ((calendar_id IS NULL) <> (brand_id IS NULL))
);
CREATE INDEX publish_intents_plan ON almanac.publish_intents (user_id, plan_id);
CREATE INDEX publish_intents_calendar ON almanac.publish_intents (user_id, calendar_id, id);
-- An entry is on its way to an account once. Placement ids are unique within their brand.
CREATE UNIQUE INDEX publish_intents_one_open
    ON almanac.publish_intents (user_id, coalesce(brand_id, ''), entry_id, channel, account_id)
    WHERE status IN ('pending', 'publishing', 'unknown', 'needs_review');
-- For "already published". Without the brand: row security keeps a condition on an expression from seeking.
CREATE INDEX publish_intents_published ON almanac.publish_intents (user_id, entry_id, channel, account_id)
    WHERE status = 'published';
-- A post belongs to one intent, also where several users have connected the same account.
CREATE UNIQUE INDEX publish_intents_post
    ON almanac.publish_intents (channel, transport, external_account, external_id) WHERE external_id IS NOT NULL;

-- For "whose post is it": what the channel of an account is making.
CREATE INDEX publish_intents_being_made ON almanac.publish_intents (channel, transport, external_account)
    WHERE status IN ('publishing', 'unknown');
CREATE INDEX publish_intents_address ON almanac.publish_intents (address_due_at) WHERE address_due_at IS NOT NULL;

-- One row per job of an intent: a retry is a new job of the same intent.
CREATE TABLE almanac.publish_attempts (
    user_id uuid NOT NULL,
    id uuid NOT NULL,                           -- of its job
    intent_id uuid NOT NULL,
    error jsonb,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id),
    FOREIGN KEY (user_id, intent_id) REFERENCES almanac.publish_intents (user_id, id) ON DELETE CASCADE
);
CREATE INDEX publish_attempts_intent ON almanac.publish_attempts (user_id, intent_id, id);
CREATE TRIGGER publish_attempts_forget_log AFTER DELETE ON almanac.publish_attempts
    FOR EACH ROW EXECUTE FUNCTION almanac.forget_log();

-- Receipts form one chain per user. They are never changed; only an erase removes them, all at once.
CREATE TABLE almanac.publish_receipts (
    user_id uuid NOT NULL,
    seq bigint NOT NULL,                        -- gap-free from 1
    intent_id uuid NOT NULL,
    body text NOT NULL,                         -- canonical JSON (RFC 8785), with its hash
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, seq)
);
CREATE INDEX publish_receipts_intent ON almanac.publish_receipts (user_id, intent_id, seq);

-- The end of each chain. Locked while a receipt is written, so that its place and its predecessor are one.
CREATE TABLE almanac.publish_receipt_heads (
    user_id uuid PRIMARY KEY,
    count bigint NOT NULL DEFAULT 0,
    head text                                   -- hash of the newest receipt
);

CREATE FUNCTION almanac.receipts_guard() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'receipts are never changed' USING errcode = '55000';
END
$$;
CREATE TRIGGER receipts_guard BEFORE UPDATE ON almanac.publish_receipts
    FOR EACH ROW EXECUTE FUNCTION almanac.receipts_guard();

-- What was published stays published, and what ended goes on only by a retry of a failure or the resolution of a review.
CREATE FUNCTION almanac.intents_guard() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF old.status IN ('published', 'cancelled')
       OR old.status = 'failed' AND new.status <> 'pending'
       OR old.status = 'needs_review' AND new.status NOT IN ('published', 'failed') THEN
        RAISE EXCEPTION 'intent % is % and cannot become %', old.id, old.status, new.status USING errcode = '55000';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER intents_guard BEFORE UPDATE ON almanac.publish_intents
    FOR EACH ROW WHEN (old.status IN ('published', 'cancelled', 'failed', 'needs_review') AND old.status <> new.status)
    EXECUTE FUNCTION almanac.intents_guard();

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['channel_credentials', 'publish_plans', 'publish_intents', 'publish_attempts',
                               'publish_receipts', 'publish_receipt_heads'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.channel_credentials, almanac.publish_intents, almanac.publish_attempts,
    almanac.publish_receipt_heads TO almanac_worker;
-- UPDATE, because an erase locks what it deletes.
GRANT SELECT, UPDATE, DELETE ON almanac.publish_plans TO almanac_worker;
GRANT SELECT, INSERT, DELETE ON almanac.publish_receipts TO almanac_worker;

-- A user connects accounts and never reads tokens; makes plans through submit_publications(); and writes neither the
-- columns of the worker nor receipts.
GRANT DELETE,
    SELECT (user_id, channel, account_id, external_id, login, settings, key_id, has_refresh, expires_at,
            refresh_expires_at, invalid_since, quota, version, created_at, updated_at),
    INSERT (user_id, channel, account_id, external_id, login, settings, sealed, key_id, has_refresh, expires_at,
            refresh_expires_at),
    UPDATE (external_id, login, settings, sealed, key_id, has_refresh, expires_at, refresh_expires_at, invalid_since,
            version, updated_at)
    ON almanac.channel_credentials TO authenticated;
GRANT SELECT, INSERT (id, user_id, plan_hash, approved, transport, calendar_id, brand_id, request, skipped)
    ON almanac.publish_plans TO authenticated;
-- `known` holds addresses of uploads, which are secrets: it is for workers only.
GRANT SELECT (id, user_id, plan_id, calendar_id, brand_id, run_id, entry_id, entry_version, entry, channel,
            account_id, external_account, transport, options, payload, payload_hash, publish_at,
            status, error, attempt, sent_at, waiting_since, external_id, external_url, events,
            created_at, updated_at),
    INSERT (id, user_id, plan_id, calendar_id, brand_id, run_id, entry_id, entry_version, entry, channel, account_id,
            external_account, transport, options, payload, payload_hash, publish_at, status, error)
    ON almanac.publish_intents TO authenticated;
-- An intent begins its way, or its channel does not take it; how it goes on is the workers' to write.
CREATE POLICY user_begins ON almanac.publish_intents AS RESTRICTIVE FOR INSERT TO authenticated
    WITH CHECK (user_id = (SELECT almanac.uid()) AND status IN ('pending', 'failed'));
GRANT SELECT, INSERT (user_id, id, intent_id) ON almanac.publish_attempts TO authenticated;
GRANT SELECT ON almanac.publish_receipts TO authenticated;
GRANT SELECT, INSERT (user_id) ON almanac.publish_receipt_heads TO authenticated;
