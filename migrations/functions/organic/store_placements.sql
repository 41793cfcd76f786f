-- Hook on_save. Each placement names the version it was merged with (`known`, 0 for a new one); if a user changed one
-- since, nothing is stored (LL002) and the caller merges again.
CREATE OR REPLACE FUNCTION almanac.store_placements(p_jobs almanac.jobs[], p_items jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_run uuid;
    v_items jsonb;
    v_brand text;
    v_changed bigint;
    v_made bigint;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_user := (p_jobs[i]).user_id;
        v_run := (p_jobs[i]).id;
        v_items := p_items[i];
        CONTINUE WHEN jsonb_array_length(v_items) = 0;
        SELECT r.brand_id INTO v_brand FROM almanac.organic_runs r WHERE r.user_id = v_user AND r.id = v_run;
        UPDATE almanac.organic_placements p
           SET run_id = v_run, week_start = s.week_start, timezone = s.timezone, wished_at = s.wished_at,
               scheduled_at = s.scheduled_at, platform = s.platform, account_id = s.account_id, version = s.version,
               fields = s.fields, edited = s.edited, matches = s.matches,
               updated_at = clock_timestamp()
          FROM jsonb_to_recordset(v_items) AS s (
               placement_id text, known bigint, version bigint, week_start date, timezone text,
               wished_at timestamptz, scheduled_at timestamptz, platform text, account_id text, fields jsonb,
               edited text[], matches jsonb)
         WHERE p.user_id = v_user AND p.brand_id = v_brand AND p.placement_id = s.placement_id
           AND s.known > 0 AND p.version = s.known;
        GET DIAGNOSTICS v_changed = ROW_COUNT;
        INSERT INTO almanac.organic_placements (user_id, brand_id, placement_id, run_id, week_start, timezone,
                                                wished_at, scheduled_at, platform, account_id, version, fields,
                                                edited, matches)
        SELECT v_user, v_brand, s.placement_id, v_run, s.week_start, s.timezone, s.wished_at, s.scheduled_at,
               s.platform, s.account_id, s.version, s.fields, s.edited, s.matches
          FROM jsonb_to_recordset(v_items) AS s (
               placement_id text, known bigint, version bigint, week_start date, timezone text,
               wished_at timestamptz, scheduled_at timestamptz, platform text, account_id text, fields jsonb,
               edited text[], matches jsonb)
         WHERE s.known = 0
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS v_made = ROW_COUNT;
        IF v_changed + v_made <> jsonb_array_length(v_items) THEN
            RAISE EXCEPTION 'placements of run % were changed since they were read', v_run USING errcode = 'LL002';
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.store_placements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.store_placements TO almanac_worker;
