-- Stores placements and their events in one commit. The update of the job row is the fence. Each row names the version
-- it was merged with (`known`, 0 for a new one); if a user changed one since, nothing is stored (LL002) and the caller
-- merges again. Returns the seq of the last event.
CREATE OR REPLACE FUNCTION almanac.save_organic_placements(
    p_job uuid, p_epoch bigint, p_rows jsonb, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_last bigint;
    v_brand text;
    v_changed bigint;
    v_made bigint;
BEGIN
    UPDATE almanac.jobs
       SET last_seq = last_seq + cardinality(p_types), progress = coalesce(p_progress, progress)
     WHERE id = p_job AND epoch = p_epoch AND state = 'running'
    RETURNING user_id, last_seq INTO v_user, v_last;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_job USING errcode = 'LL001';
    END IF;
    IF jsonb_array_length(p_rows) > 0 THEN
        SELECT r.brand_id INTO v_brand FROM almanac.organic_runs r WHERE r.user_id = v_user AND r.id = p_job;
        UPDATE almanac.organic_placements p
           SET run_id = p_job, week_start = s.week_start, timezone = s.timezone, wished_at = s.wished_at,
               scheduled_at = s.scheduled_at, platform = s.platform, account_id = s.account_id, version = s.version,
               fields = s.fields, base = s.base, edited = s.edited, matches = s.matches,
               updated_at = clock_timestamp()
          FROM jsonb_to_recordset(p_rows) AS s (
               placement_id text, known bigint, version bigint, week_start date, timezone text,
               wished_at timestamptz, scheduled_at timestamptz, platform text, account_id text, fields jsonb,
               base jsonb, edited text[], matches jsonb)
         WHERE p.user_id = v_user AND p.brand_id = v_brand AND p.placement_id = s.placement_id
           AND s.known > 0 AND p.version = s.known;
        GET DIAGNOSTICS v_changed = ROW_COUNT;
        INSERT INTO almanac.organic_placements (user_id, brand_id, placement_id, run_id, week_start, timezone,
                                                wished_at, scheduled_at, platform, account_id, version, fields, base,
                                                edited, matches)
        SELECT v_user, v_brand, s.placement_id, p_job, s.week_start, s.timezone, s.wished_at, s.scheduled_at,
               s.platform, s.account_id, s.version, s.fields, s.base, s.edited, s.matches
          FROM jsonb_to_recordset(p_rows) AS s (
               placement_id text, known bigint, version bigint, week_start date, timezone text,
               wished_at timestamptz, scheduled_at timestamptz, platform text, account_id text, fields jsonb,
               base jsonb, edited text[], matches jsonb)
         WHERE s.known = 0
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS v_made = ROW_COUNT;
        IF v_changed + v_made <> jsonb_array_length(p_rows) THEN
            RAISE EXCEPTION 'placements of job % have changed meanwhile', p_job USING errcode = 'LL002';
        END IF;
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_job, v_last - cardinality(p_types) + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_last;
END
$$;
REVOKE ALL ON FUNCTION almanac.save_organic_placements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.save_organic_placements TO almanac_worker;
