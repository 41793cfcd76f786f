-- Roles and the schema of Almanac. Run once per database by an administrator: psql -f deploy/roles.sql
-- Repeatable. It sets no passwords: give almanac_api, almanac_worker and almanac_owner theirs with ALTER ROLE.
-- No role here is a superuser or may bypass row security; both processes refuse to start under one that may.

DO $$
DECLARE
    login text;
    word text;
BEGIN
    FOREACH word IN ARRAY ARRAY['anon', 'authenticated', 'service_role', 'almanac_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = word) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', word);
        END IF;
    END LOOP;
    FOREACH login IN ARRAY ARRAY['almanac_owner', 'almanac_api', 'almanac_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', login);
        END IF;
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', login);
    END LOOP;
    -- The API's login has no rights of its own: it inherits nothing and becomes `authenticated` (or `almanac_admin`,
    -- after the admin check) for the length of one transaction.
    ALTER ROLE almanac_api NOINHERIT;
END
$$;

GRANT authenticated, almanac_admin TO almanac_api;

-- A client that can create temporary objects can put a type of its own before those of the functions it calls.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

CREATE SCHEMA IF NOT EXISTS almanac AUTHORIZATION almanac_owner;
