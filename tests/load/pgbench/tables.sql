-- Copies of the tables that a job touches, for pgbench alone: same columns, indexes, checks, compression and policies.
CREATE SCHEMA bare;
-- pgbench logs in as the API does and parses its statements before it becomes `authenticated`.
GRANT USAGE ON SCHEMA bare TO authenticated, almanac_api;

CREATE TABLE bare.texts (LIKE almanac.ai_generations INCLUDING ALL);
CREATE TABLE bare.jobs (LIKE almanac.jobs INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE bare.submissions (LIKE almanac.submissions INCLUDING ALL);
CREATE TABLE bare.ai_generations (
    LIKE almanac.ai_generations INCLUDING ALL,
    FOREIGN KEY (user_id, id) REFERENCES bare.jobs (user_id, id)
);
CREATE TABLE bare.ai_suggestions (
    LIKE almanac.ai_suggestions INCLUDING ALL,
    FOREIGN KEY (user_id, generation_id) REFERENCES bare.ai_generations (user_id, id)
);
CREATE TABLE bare.job_events (LIKE almanac.job_events INCLUDING ALL);
CREATE TABLE bare.llm_calls (LIKE almanac.llm_calls INCLUDING ALL, FOREIGN KEY (job_id) REFERENCES bare.jobs (id));

DO $$
DECLARE
    tab text;
    rule text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['texts', 'jobs', 'submissions', 'ai_generations', 'ai_suggestions', 'job_events',
                               'llm_calls'] LOOP
        -- The last two carry no user; what a policy on them asks of the jobs table is left out.
        rule := CASE WHEN tab IN ('job_events', 'llm_calls') THEN 'true' ELSE 'user_id = (SELECT almanac.uid())' END;
        EXECUTE format('ALTER TABLE bare.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE bare.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY user_owns ON bare.%I TO authenticated USING (%s) WITH CHECK (%s)', tab, rule, rule);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON bare.%I TO authenticated', tab);
    END LOOP;
END
$$;
