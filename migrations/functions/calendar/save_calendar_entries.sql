-- Stores entries and their events in one commit. emit() is the fence. Ordinals continue after p_after.
-- Returns the seq of the last event.
CREATE OR REPLACE FUNCTION almanac.save_calendar_entries(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fields jsonb[],
    p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_seq bigint := almanac.emit(p_job, p_epoch, p_types, p_data, p_progress);
    v_user uuid;
BEGIN
    SELECT j.user_id INTO v_user FROM almanac.jobs j WHERE j.id = p_job;
    INSERT INTO almanac.calendar_run_entries (user_id, run_id, key, ordinal, entry_id, fields)
    SELECT v_user, p_job, s.key, p_after + s.n, s.id, s.fields
      FROM unnest(p_ids, p_keys, p_fields) WITH ORDINALITY AS s (id, key, fields, n);
    RETURN v_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_calendar_entries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_calendar_entries TO almanac_worker;
