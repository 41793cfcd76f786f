-- Stores placements and their events in one commit. emit() is the fence. Returns the seq of the last
-- event.
CREATE OR REPLACE FUNCTION almanac.save_organic_placements(
    p_job uuid, p_epoch bigint, p_rows jsonb, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint := almanac.emit(p_job, p_epoch, p_types, p_data, p_progress);
    v_user uuid;
BEGIN
    SELECT j.user_id INTO v_user FROM almanac.jobs j WHERE j.id = p_job;
    PERFORM almanac.store_placements(v_user, p_job, p_rows);
    RETURN v_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_organic_placements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_organic_placements TO almanac_worker;
