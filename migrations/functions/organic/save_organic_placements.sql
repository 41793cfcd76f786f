-- Stores placements and their events in one commit. The update of the job row is the fence. Returns the seq of the last
-- event.
CREATE OR REPLACE FUNCTION almanac.save_organic_placements(
    p_job uuid, p_epoch bigint, p_rows jsonb, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_last bigint;
BEGIN
    UPDATE almanac.jobs
       SET last_seq = last_seq + cardinality(p_types), progress = coalesce(p_progress, progress)
     WHERE id = p_job AND epoch = p_epoch AND state = 'running'
    RETURNING user_id, last_seq INTO v_user, v_last;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_job USING errcode = 'LL001';
    END IF;
    PERFORM almanac.store_placements(v_user, p_job, p_rows);
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_job, v_last - cardinality(p_types) + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_last;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_organic_placements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_organic_placements TO almanac_worker;
