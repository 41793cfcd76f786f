-- Nobody waits for a row that somebody else holds, and jobs that may not run now hide none that may (D141, D143).

-- Renew, as before, but that a row which somebody else holds at this moment is not waited for: all leases of a worker are
-- renewed in one statement, and one row that is held for seconds would cost all others theirs. Such a job is still its
-- worker's, and answered as one that was not renewed: it is asked about again soon.
CREATE FUNCTION almanac.renew_leases(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean, renewed boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_held record;
BEGIN
    FOR v_held IN SELECT u.job, u.epoch FROM unnest(p_ids, p_epochs) AS u (job, epoch) ORDER BY u.job LOOP
        UPDATE almanac.jobs j
           SET lease_expires_at = clock_timestamp() + p_lease
         WHERE j.id = (
               SELECT free.id FROM almanac.jobs free
                WHERE free.id = v_held.job AND free.epoch = v_held.epoch AND free.state = 'running'
                  FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING j.id, j.cancel_requested_at IS NOT NULL INTO id, cancel_requested;
        renewed := FOUND;
        IF NOT renewed THEN
            SELECT j.id, j.cancel_requested_at IS NOT NULL INTO id, cancel_requested
              FROM almanac.jobs j
             WHERE j.id = v_held.job AND j.epoch = v_held.epoch AND j.state = 'running';
            CONTINUE WHEN NOT FOUND;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- For workers of the version before.
CREATE OR REPLACE FUNCTION almanac.renew(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean)
LANGUAGE sql
AS $$
    SELECT r.id, r.cancel_requested FROM almanac.renew_leases(p_ids, p_epochs, p_lease) AS r
$$;

-- Cancel with a person's claims, in one statement: an API that stands still between two would hold the job's row, which
-- its worker has to write.
CREATE FUNCTION almanac.cancel_as(p_user uuid, p_id uuid) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM set_config('role', 'authenticated', true),
            set_config('request.jwt.claims', '{"sub":"' || p_user::text || '","role":"authenticated"}', true);
    RETURN almanac.cancel_job(p_id);
END
$$;

-- Due, for a worker that holds a job with one chance left: of the others like it (p_alone crashes or more) it could take
-- none, and as the oldest they would be all it finds.
CREATE FUNCTION almanac.due(p_lane text, p_older interval, p_max int, p_alone int) RETURNS SETOF uuid
LANGUAGE sql STABLE
AS $$
    SELECT id FROM almanac.jobs
     WHERE lane = p_lane AND CASE state WHEN 'queued' THEN true ELSE false END
       AND run_at <= clock_timestamp() - p_older AND (p_alone IS NULL OR crashes < p_alone)
     ORDER BY run_at
     LIMIT p_max
$$;

GRANT EXECUTE ON FUNCTION almanac.renew_leases, almanac.due(text, interval, int, int) TO almanac_worker;
GRANT EXECUTE ON FUNCTION almanac.cancel_as TO almanac_api;
