-- Deletes at most p_max content rows of a user that are not younger than p_before; 0 if none is left. A calendar goes
-- when nothing younger belongs to it.
CREATE OR REPLACE FUNCTION almanac.erase_content(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_gone bigint;
BEGIN
    -- A card outlives its generation, so it is deleted by itself: if it is not younger, or its generation is not.
    DELETE FROM almanac.cards
     WHERE id IN (SELECT c.id FROM almanac.cards c
                   WHERE c.user_id = p_user
                     AND (c.created_at <= p_before
                          OR EXISTS (SELECT FROM almanac.ai_generations g
                                      WHERE g.user_id = c.user_id AND g.id = c.generation_id
                                        AND g.created_at <= p_before))
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.ai_generations
     WHERE user_id = p_user
       AND id IN (SELECT g.id FROM almanac.ai_generations g
                   WHERE g.user_id = p_user AND g.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    -- Piece by piece, so that a run or an entry made after the erase was asked for keeps its calendar (D62). A run goes
    -- with at most some hundred entries of its own.
    DELETE FROM almanac.calendar_runs
     WHERE user_id = p_user
       AND id IN (SELECT r.id FROM almanac.calendar_runs r
                   WHERE r.user_id = p_user AND r.created_at <= p_before LIMIT 5);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.calendar_entries
     WHERE user_id = p_user
       AND id IN (SELECT e.id FROM almanac.calendar_entries e
                   WHERE e.user_id = p_user AND e.created_at <= p_before LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    DELETE FROM almanac.calendars
     WHERE user_id = p_user
       AND id IN (SELECT c.id FROM almanac.calendars c
                   WHERE c.user_id = p_user AND c.created_at <= p_before
                     AND NOT EXISTS (SELECT FROM almanac.calendar_runs r
                                      WHERE r.user_id = c.user_id AND r.calendar_id = c.id)
                     AND NOT EXISTS (SELECT FROM almanac.calendar_entries e
                                      WHERE e.user_id = c.user_id AND e.calendar_id = c.id)
                   LIMIT p_max);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;
    RETURN almanac.erase_brands(p_user, p_before, p_max);
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_content FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_content TO almanac_worker;
