-- Stores suggestions and their events in one commit. The update of the job row is the fence. Ordinals continue after
-- p_after. Returns the seq of the last event.
CREATE OR REPLACE FUNCTION almanac.save_suggestions(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fronts text[], p_backs text[],
    p_types text[], p_data text[], p_progress jsonb)
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
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT s.id, v_user, p_job, p_after + s.n, s.front_key, s.front, s.back
      FROM unnest(p_ids, p_keys, p_fronts, p_backs) WITH ORDINALITY AS s (id, front_key, front, back, n);
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_job, v_last - cardinality(p_types) + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_last;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_suggestions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_suggestions TO almanac_worker;
