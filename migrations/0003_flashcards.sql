-- Flashcards: a generation, the suggestions a model made for it, the cards a user took from them.
-- A generation has the id of its job; every key between user tables carries user_id, because foreign keys are
-- checked without row security.

INSERT INTO almanac.job_kinds (kind, lane, route, subject_type, family, rate_count, rate_seconds, first_step,
                               domain_table, on_save, on_finish, on_retry, on_prune, on_erase)
VALUES ('flashcards.generate', 'flashcards', 'POST /v1/ai/generations', 'generation', 'generation', 5, 300, 'cards',
        'almanac.ai_generations', 'almanac.store_suggestions', 'almanac.finish_generations', 'almanac.clone_generation',
        'almanac.prune_source_texts', 'almanac.erase_flashcards');

CREATE TABLE almanac.ai_generations (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- Null once its retention is over. Uncompressed: compressing a text of this size takes as long as everything else its
    -- submission does. The length of the bytes alone proves most texts valid (UTF-8 takes 1 to 4 for each character);
    -- counting characters takes a twentieth of a submission.
    source_text text CONSTRAINT ai_generations_source_text_check CHECK (
            CASE WHEN octet_length(source_text) BETWEEN 4000 AND 10000 THEN true
                 ELSE char_length(source_text) BETWEEN 1000 AND 10000 END),
    model text NOT NULL,
    prompt_version text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    error jsonb,
    ai_metadata jsonb,
    tokens_input int,
    tokens_output int,
    cost_usd numeric(12, 6),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (user_id, id),                  -- row security filters by user: one index serves both
    FOREIGN KEY (user_id, id) REFERENCES almanac.jobs (user_id, id)
);
CREATE INDEX idx_ai_generations_user_created ON almanac.ai_generations (user_id, created_at DESC, id DESC);
ALTER TABLE almanac.ai_generations ALTER COLUMN source_text SET STORAGE EXTERNAL;

-- What a user deletes is removed from the log of the job that made it, too; a client that requests that log gets a
-- snapshot of what is stored. The log of a job that still runs continues without a gap.
CREATE FUNCTION almanac.forget_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- An event that another transaction holds stays for the retention, or for the erase that deletes this row.
    DELETE FROM almanac.job_events d
     WHERE d.job_id = old.id
       AND d.seq = ANY (ARRAY(
           SELECT e.seq FROM almanac.job_events e
            WHERE e.job_id = old.id
              AND EXISTS (SELECT FROM almanac.jobs j WHERE j.id = old.id AND j.finished_at IS NOT NULL)
              FOR UPDATE SKIP LOCKED));
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION almanac.forget_log FROM PUBLIC;
CREATE TRIGGER generations_forget_log AFTER DELETE ON almanac.ai_generations
    FOR EACH ROW EXECUTE FUNCTION almanac.forget_log();

CREATE TABLE almanac.ai_suggestions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation_id uuid NOT NULL,
    ordinal int NOT NULL,                       -- place in the generation, from 1
    front_key text NOT NULL,                    -- the front as generated, normalised
    front text NOT NULL CHECK (char_length(front) BETWEEN 1 AND 500),
    back text NOT NULL CHECK (char_length(back) BETWEEN 1 AND 2000),
    status text NOT NULL DEFAULT 'proposed' CHECK (status IN ('proposed', 'accepted', 'edited', 'rejected')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (user_id, generation_id) REFERENCES almanac.ai_generations (user_id, id) ON DELETE CASCADE,
    UNIQUE (generation_id, ordinal),
    UNIQUE (generation_id, front_key),
    PRIMARY KEY (user_id, id)
);
CREATE INDEX ai_suggestions_user_status ON almanac.ai_suggestions (user_id, status);

CREATE TABLE almanac.cards (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    suggestion_id uuid UNIQUE,                  -- one card per suggestion; null once that is deleted with its generation
    generation_id uuid NOT NULL,                -- where it came from; no key, because a card outlives its generation
    front text NOT NULL CHECK (char_length(front) BETWEEN 1 AND 500),
    back text NOT NULL CHECK (char_length(back) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (user_id, suggestion_id) REFERENCES almanac.ai_suggestions (user_id, id)
        ON DELETE SET NULL (suggestion_id)
);
CREATE INDEX cards_user ON almanac.cards (user_id, id DESC);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['ai_generations', 'ai_suggestions', 'cards'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.%I TO almanac_worker', tab);
    END LOOP;
END
$$;

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['ai_suggestions', 'cards'] LOOP
        EXECUTE format('CREATE POLICY user_owns ON almanac.%I TO authenticated
            USING (user_id = (SELECT almanac.uid())) WITH CHECK (user_id = (SELECT almanac.uid()))', tab);
    END LOOP;
END
$$;

CREATE POLICY user_reads ON almanac.ai_generations FOR SELECT TO authenticated
    USING (user_id = (SELECT almanac.uid()));

-- Evaluated for each row: the rows of one statement may belong to several users, each written under its own claims. All
-- other policies evaluate once per statement.
CREATE POLICY user_adds ON almanac.ai_generations FOR INSERT TO authenticated
    WITH CHECK (user_id = almanac.uid());

CREATE POLICY user_removes ON almanac.ai_generations FOR DELETE TO authenticated
    USING (user_id = (SELECT almanac.uid()) AND finished_at IS NOT NULL);

-- A user submits generations through submit_generations() and cannot write the columns of the worker.
GRANT SELECT, DELETE, INSERT (id, user_id, source_text, model, prompt_version) ON almanac.ai_generations TO authenticated;
GRANT SELECT, UPDATE (front, back, status, updated_at) ON almanac.ai_suggestions TO authenticated;
GRANT SELECT, INSERT, DELETE, UPDATE (front, back, updated_at) ON almanac.cards TO authenticated;
