-- The rule of an erase, in one place: an erase removes a row if this moment is not after the erase's own request, which
-- erase_before() returns.
--   * A row that a job wrote (p_job) counts from the request of that job, not from the moment it was written: jobs that
--     run when the erase is requested write for a while after it. Generations and their suggestions, runs, entries that
--     a first run saved, placements (the job that wrote them last).
--   * A retry counts from the request that it repeats. If that job is no longer stored, an erase has removed it.
--   * A row that a user wrote, by hand or by accepting what a job made, counts from its own created_at (p_row): cards,
--     other entries, brands and what belongs to them.
-- A parent (generation, calendar, brand, job) that something younger refers to stays until that is gone.
CREATE OR REPLACE FUNCTION almanac.requested_at(p_user uuid, p_job uuid, p_row timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_at timestamptz;
    v_origin uuid;
BEGIN
    SELECT j.created_at, j.retry_of INTO v_at, v_origin FROM almanac.jobs j WHERE j.user_id = p_user AND j.id = p_job;
    IF NOT FOUND THEN
        RETURN p_row;
    END IF;
    WHILE v_origin IS NOT NULL LOOP
        SELECT j.created_at, j.retry_of INTO v_at, v_origin
          FROM almanac.jobs j WHERE j.user_id = p_user AND j.id = v_origin;
        IF NOT FOUND THEN
            RETURN '-infinity';
        END IF;
    END LOOP;
    RETURN v_at;
END
$$;
REVOKE ALL ON FUNCTION almanac.requested_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.requested_at TO almanac_worker;
