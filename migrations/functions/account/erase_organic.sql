-- Hook on_erase: deletes at most p_max of a user's organic runs and placements, then of the brands, under the rule of requested_at(). Returns the number of
-- rows; 0 if none is left, -1 if all that is left is locked by other transactions. A placement that a younger run wrote
-- last is that run's.
CREATE OR REPLACE FUNCTION almanac.erase_organic(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_runs uuid[];
    v_brands text[];
    v_placements text[];
    v_gone bigint;
BEGIN
    v_runs := ARRAY(SELECT r.id FROM almanac.organic_runs r
                     WHERE r.user_id = p_user AND almanac.requested_at(r.user_id, r.id, r.created_at) <= p_before
                     LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.organic_runs WHERE user_id = p_user AND id = ANY (v_runs);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    SELECT array_agg(l.brand_id), array_agg(l.placement_id) INTO v_brands, v_placements
      FROM (SELECT p.brand_id, p.placement_id FROM almanac.organic_placements p
             WHERE p.user_id = p_user AND almanac.requested_at(p.user_id, p.run_id, p.created_at) <= p_before
             LIMIT p_max FOR UPDATE SKIP LOCKED) AS l;
    -- A younger run may have written one while it was being locked.
    DELETE FROM almanac.organic_placements p
     USING unnest(v_brands, v_placements) AS l (brand, placement)
     WHERE p.user_id = p_user AND p.brand_id = l.brand AND p.placement_id = l.placement
       AND almanac.requested_at(p.user_id, p.run_id, p.created_at) <= p_before;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    RETURN CASE WHEN EXISTS (
               SELECT FROM almanac.organic_runs r
                WHERE r.user_id = p_user AND almanac.requested_at(r.user_id, r.id, r.created_at) <= p_before)
             OR EXISTS (
               SELECT FROM almanac.organic_placements p
                WHERE p.user_id = p_user AND almanac.requested_at(p.user_id, p.run_id, p.created_at) <= p_before)
           THEN -1 ELSE almanac.erase_brands(p_user, p_before, p_max) END;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_organic FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_organic TO almanac_worker;
