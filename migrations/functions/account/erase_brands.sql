-- Deletes at most p_max rows of a user's brands that are not younger than p_before, runs and placements first. A brand
-- stays as long as something younger belongs to it.
CREATE OR REPLACE FUNCTION almanac.erase_brands(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
    DELETE FROM almanac.organic_runs
     WHERE user_id = p_user
       AND id IN (SELECT r.id FROM almanac.organic_runs r
                   WHERE r.user_id = p_user AND r.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.organic_placements
     WHERE user_id = p_user
       AND (brand_id, placement_id) IN (SELECT p.brand_id, p.placement_id FROM almanac.organic_placements p
                                         WHERE p.user_id = p_user AND p.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.creative_assets
     WHERE user_id = p_user
       AND (brand_id, id) IN (SELECT a.brand_id, a.id FROM almanac.creative_assets a
                               WHERE a.user_id = p_user AND a.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.trends
     WHERE user_id = p_user
       AND (brand_id, id) IN (SELECT t.brand_id, t.id FROM almanac.trends t
                               WHERE t.user_id = p_user AND t.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.platform_accounts
     WHERE user_id = p_user
       AND (brand_id, id) IN (SELECT a.brand_id, a.id FROM almanac.platform_accounts a
                               WHERE a.user_id = p_user AND a.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.brand_profiles
     WHERE user_id = p_user
       AND id IN (SELECT b.id FROM almanac.brand_profiles b
                   WHERE b.user_id = p_user AND b.created_at <= p_before
                     AND NOT EXISTS (SELECT FROM almanac.platform_accounts c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.trends c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.creative_assets c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.organic_runs c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                     AND NOT EXISTS (SELECT FROM almanac.organic_placements c
                                      WHERE c.user_id = b.user_id AND c.brand_id = b.id)
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_brands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_brands TO almanac_worker;
