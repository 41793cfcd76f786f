-- One row under row security, its text in it, in one round trip.
\set person random(1, 100)
\set n :n + 1000
\set id :n + :client_id
\startpipeline
BEGIN;
SELECT set_config('role', 'authenticated', true),
       set_config('request.jwt.claims',
           '{"sub":"00000000-0000-4000-8000-' || lpad(:person::text, 12, '0') || '","role":"authenticated"}', true);
INSERT INTO bare.texts (id, user_id, source_text, model, prompt_version)
VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:id::bigint), 12, '0'))::uuid, (SELECT almanac.uid()), :text, 'm', 'v1');
COMMIT;
\endpipeline
