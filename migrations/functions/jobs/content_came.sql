-- The provider serves this job again: what it waited for it is over. Under the lease.
CREATE OR REPLACE FUNCTION almanac.content_came(p_id uuid, p_epoch bigint) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.jobs SET held_since = NULL, held_until = NULL
     WHERE id = p_id AND epoch = p_epoch AND state = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION almanac.content_came FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.content_came TO almanac_worker;
