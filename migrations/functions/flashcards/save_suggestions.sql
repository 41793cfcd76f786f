-- Stores suggestions and their events in one commit. emit() is the fence. Ordinals continue after
-- p_after. Returns the seq of the last event.
CREATE OR REPLACE FUNCTION almanac.save_suggestions(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fronts text[], p_backs text[],
    p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint := almanac.emit(p_job, p_epoch, p_types, p_data, p_progress);
    v_user uuid;
BEGIN
    SELECT j.user_id INTO v_user FROM almanac.jobs j WHERE j.id = p_job;
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT s.id, v_user, p_job, p_after + s.n, s.front_key, s.front, s.back
      FROM unnest(p_ids, p_keys, p_fronts, p_backs) WITH ORDINALITY AS s (id, front_key, front, back, n);
    RETURN v_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_suggestions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_suggestions TO almanac_worker;
