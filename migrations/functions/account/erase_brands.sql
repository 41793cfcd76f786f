-- Deletes at most p_max of a user's brands, accounts, trends and assets that are not younger than p_before, after
-- erase_organic(). Returns the number of rows; 0 if none is left, -1 if other transactions hold all that is left. A
-- brand to which something younger belongs stays.
CREATE OR REPLACE FUNCTION almanac.erase_brands(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_brands text[];
    v_ids text[];
    v_gone bigint;
BEGIN
    SELECT array_agg(l.brand_id), array_agg(l.id) INTO v_brands, v_ids
      FROM (SELECT t.brand_id, t.id FROM almanac.creative_assets t
             WHERE t.user_id = p_user AND t.created_at <= p_before
             LIMIT p_max FOR UPDATE SKIP LOCKED) AS l;
    DELETE FROM almanac.creative_assets t
     USING unnest(v_brands, v_ids) AS l (brand, id)
     WHERE t.user_id = p_user AND t.brand_id = l.brand AND t.id = l.id;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    SELECT array_agg(l.brand_id), array_agg(l.id) INTO v_brands, v_ids
      FROM (SELECT t.brand_id, t.id FROM almanac.trends t
             WHERE t.user_id = p_user AND t.created_at <= p_before
             LIMIT p_max FOR UPDATE SKIP LOCKED) AS l;
    DELETE FROM almanac.trends t
     USING unnest(v_brands, v_ids) AS l (brand, id)
     WHERE t.user_id = p_user AND t.brand_id = l.brand AND t.id = l.id;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    SELECT array_agg(l.brand_id), array_agg(l.id) INTO v_brands, v_ids
      FROM (SELECT t.brand_id, t.id FROM almanac.platform_accounts t
             WHERE t.user_id = p_user AND t.created_at <= p_before
             LIMIT p_max FOR UPDATE SKIP LOCKED) AS l;
    DELETE FROM almanac.platform_accounts t
     USING unnest(v_brands, v_ids) AS l (brand, id)
     WHERE t.user_id = p_user AND t.brand_id = l.brand AND t.id = l.id;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    v_brands := ARRAY(
        SELECT b.id FROM almanac.brand_profiles b
         WHERE b.user_id = p_user AND b.created_at <= p_before
           AND NOT EXISTS (SELECT FROM almanac.creative_assets c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
           AND NOT EXISTS (SELECT FROM almanac.trends c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
           AND NOT EXISTS (SELECT FROM almanac.platform_accounts c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
           AND NOT EXISTS (SELECT FROM almanac.organic_runs c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
           AND NOT EXISTS (SELECT FROM almanac.organic_placements c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
         LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.brand_profiles b
     WHERE b.user_id = p_user AND b.id = ANY (v_brands)
       AND NOT EXISTS (SELECT FROM almanac.creative_assets c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
       AND NOT EXISTS (SELECT FROM almanac.trends c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
       AND NOT EXISTS (SELECT FROM almanac.platform_accounts c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
       AND NOT EXISTS (SELECT FROM almanac.organic_runs c WHERE c.user_id = b.user_id AND c.brand_id = b.id)
       AND NOT EXISTS (SELECT FROM almanac.organic_placements c WHERE c.user_id = b.user_id AND c.brand_id = b.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    RETURN CASE WHEN EXISTS (
               SELECT FROM almanac.creative_assets t WHERE t.user_id = p_user AND t.created_at <= p_before)
             OR EXISTS (SELECT FROM almanac.trends t WHERE t.user_id = p_user AND t.created_at <= p_before)
             OR EXISTS (SELECT FROM almanac.platform_accounts t WHERE t.user_id = p_user AND t.created_at <= p_before)
             OR EXISTS (
               SELECT FROM almanac.brand_profiles b
                WHERE b.user_id = p_user AND b.created_at <= p_before
                  AND NOT EXISTS (SELECT FROM almanac.creative_assets c
                                   WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                  AND NOT EXISTS (SELECT FROM almanac.trends c
                                   WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                  AND NOT EXISTS (SELECT FROM almanac.platform_accounts c
                                   WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                  AND NOT EXISTS (SELECT FROM almanac.organic_runs c
                                   WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                  AND NOT EXISTS (SELECT FROM almanac.organic_placements c
                                   WHERE c.user_id = b.user_id AND c.brand_id = b.id))
           THEN -1 ELSE 0 END;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_brands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_brands TO almanac_worker;
