-- A whole job as three transactions of one round trip each: accept, claim, results.
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
\startpipeline
BEGIN;
SELECT set_config('role', 'authenticated', true),
       set_config('request.jwt.claims',
           '{"sub":"00000000-0000-4000-8000-' || lpad(:person::text, 12, '0') || '","role":"authenticated"}', true);
UPDATE bare.jobs
   SET state = 'running', epoch = epoch + 1, lease_owner = 'w', lease_expires_at = clock_timestamp() + interval '10 s',
       started_at = clock_timestamp()
 WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid AND state = 'queued';
UPDATE bare.ai_generations SET status = 'running'
 WHERE user_id = (SELECT almanac.uid()) AND id = ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid;
INSERT INTO bare.llm_calls (id, job_id, epoch, step, provider, model)
VALUES (gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, 1, 'cards', 'p', 'm');
COMMIT;
\endpipeline
\startpipeline
BEGIN;
SELECT set_config('role', 'authenticated', true),
       set_config('request.jwt.claims',
           '{"sub":"00000000-0000-4000-8000-' || lpad(:person::text, 12, '0') || '","role":"authenticated"}', true);
INSERT INTO bare.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
SELECT gen_random_uuid(), (SELECT almanac.uid()), ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, n,
       'what is stated in point ' || n, 'What is stated in point ' || n || '?', repeat('Statement number ' || n || '. ', 5)
  FROM generate_series(1, 10) AS n;
INSERT INTO bare.job_events (job_id, seq, type, data)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, n, 'suggestion',
       '{"front": "What is stated in point ' || n || '?", "back": "' || repeat('Statement number ' || n || '. ', 5) || '"}'
  FROM generate_series(1, 12) AS n;
UPDATE bare.llm_calls SET state = 'succeeded', tokens_input = 1500, tokens_output = 400, finished_at = clock_timestamp()
 WHERE job_id = ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid;
UPDATE bare.jobs SET state = 'succeeded', last_seq = 12, finished_at = clock_timestamp()
 WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid AND epoch = 1;
UPDATE bare.ai_generations SET status = 'succeeded', tokens_input = 1500, finished_at = clock_timestamp()
 WHERE user_id = (SELECT almanac.uid()) AND id = ('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid;
COMMIT;
\endpipeline
