-- The rows of an accept (job, place in the sliding log, generation) in one round trip.
\set person random(1, 100)
\set n :n + 1000
\set id :n + :client_id
\startpipeline
BEGIN;
SELECT set_config('role', 'authenticated', true),
       set_config('request.jwt.claims',
           '{"sub":"00000000-0000-4000-8000-' || lpad(:person::text, 12, '0') || '","role":"authenticated"}', true);
WITH job AS (
    INSERT INTO bare.jobs (id, user_id, kind, lane, payload, subject_type, subject_id)
    VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, (SELECT almanac.uid()),
            'flashcards.generate', 'flashcards', '{"model": "m", "prompt_version": "v1"}', 'generation', :id::text)
    RETURNING id, user_id),
accepted AS (
    INSERT INTO bare.submissions (user_id, family, n, at)
    SELECT user_id, 'generation', :id::bigint, clock_timestamp() FROM job)
INSERT INTO bare.ai_generations (id, user_id, source_text, model, prompt_version)
SELECT id, user_id, :text, 'm', 'v1' FROM job;
COMMIT;
\endpipeline
