-- Returns a running job to the queue under the holder's epoch. A retry verdict counts an attempt and waits; a drain or
-- an outage counts nothing and keeps the job's place (run_at is left alone).
CREATE OR REPLACE FUNCTION almanac.hand_back(p_id uuid, p_epoch bigint, p_retry_in interval) RETURNS boolean
LANGUAGE sql
AS $$
    WITH given AS (
        UPDATE almanac.jobs
           SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL,
               attempt = attempt + (p_retry_in IS NOT NULL)::int,
               run_at = CASE WHEN p_retry_in IS NULL THEN run_at ELSE clock_timestamp() + p_retry_in END
         WHERE id = p_id AND epoch = p_epoch AND state = 'running'
        RETURNING 1)
    SELECT EXISTS (SELECT FROM given)
$$;
REVOKE ALL ON FUNCTION almanac.hand_back FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.hand_back TO almanac_worker;
