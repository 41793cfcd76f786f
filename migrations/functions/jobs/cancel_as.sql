-- Cancels with a user's claims, in one statement: an API process that stops between two statements would hold the row
-- of the job, which its worker has to write.
CREATE OR REPLACE FUNCTION almanac.cancel_as(p_user uuid, p_id uuid) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM set_config('role', 'authenticated', true),
            set_config('request.jwt.claims', '{"sub":"' || p_user::text || '","role":"authenticated"}', true);
    RETURN almanac.cancel_job(p_id);
END
$$;
REVOKE ALL ON FUNCTION almanac.cancel_as FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.cancel_as TO almanac_api;
