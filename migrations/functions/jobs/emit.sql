-- Appends events under the lease; returns the last seq. The update of the job row is the fence.
CREATE OR REPLACE FUNCTION almanac.emit(p_id uuid, p_epoch bigint, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_before bigint;
BEGIN
    UPDATE almanac.jobs
       SET last_seq = last_seq + cardinality(p_types), progress = coalesce(p_progress, progress)
     WHERE id = p_id AND epoch = p_epoch AND state = 'running'
    RETURNING last_seq - cardinality(p_types) INTO v_before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_id, v_before + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_before + cardinality(p_types);
END
$$;
REVOKE ALL ON FUNCTION almanac.emit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.emit TO almanac_worker;
