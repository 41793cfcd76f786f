-- Deletes at most p_max of a user's cards, or a tenth of that of generations with their suggestions, under the rule of
-- requested_at(). Returns the number of rows; 0 if none is left, -1 if other transactions hold all that is left.
-- Rows are locked first (SKIP LOCKED) and checked by the statement that deletes them, which sees what was committed
-- before the lock. A generation from which a card was accepted later keeps that card's suggestion, and loses its text
-- and all other suggestions.
CREATE OR REPLACE FUNCTION almanac.erase_flashcards(p_user uuid, p_before timestamptz, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET lock_timeout = '250ms'
AS $$
DECLARE
    v_ids uuid[];
    v_generations uuid[];
    v_gone bigint;
    v_sum bigint := 0;
BEGIN
    v_ids := ARRAY(SELECT c.id FROM almanac.cards c
                    WHERE c.user_id = p_user AND c.created_at <= p_before
                    LIMIT p_max FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.cards WHERE id = ANY (v_ids);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    IF v_gone > 0 THEN
        RETURN v_gone;
    END IF;

    v_generations := ARRAY(
        SELECT g.id FROM almanac.ai_generations g
         WHERE g.user_id = p_user AND almanac.requested_at(g.user_id, g.id, g.created_at) <= p_before
           AND (g.source_text IS NOT NULL OR g.error ? 'excerpt'
                OR NOT EXISTS (SELECT FROM almanac.ai_suggestions s WHERE s.generation_id = g.id)
                OR EXISTS (SELECT FROM almanac.ai_suggestions s
                            WHERE s.generation_id = g.id
                              AND NOT EXISTS (SELECT FROM almanac.cards c WHERE c.suggestion_id = s.id)))
         LIMIT greatest(1, p_max / 10) FOR UPDATE OF g SKIP LOCKED);
    v_ids := ARRAY(SELECT s.id FROM almanac.ai_suggestions s
                    WHERE s.generation_id = ANY (v_generations)
                      FOR UPDATE SKIP LOCKED);
    DELETE FROM almanac.ai_suggestions s
     WHERE s.user_id = p_user AND s.id = ANY (v_ids)
       AND NOT EXISTS (SELECT FROM almanac.cards c WHERE c.suggestion_id = s.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_sum := v_sum + v_gone;
    DELETE FROM almanac.ai_generations g
     WHERE g.user_id = p_user AND g.id = ANY (v_generations)
       AND NOT EXISTS (SELECT FROM almanac.ai_suggestions s WHERE s.generation_id = g.id);
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_sum := v_sum + v_gone;
    UPDATE almanac.ai_generations g SET source_text = NULL, error = g.error - 'excerpt'
     WHERE g.user_id = p_user AND g.id = ANY (v_generations) AND (g.source_text IS NOT NULL OR g.error ? 'excerpt');
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_sum := v_sum + v_gone;
    IF v_sum > 0 THEN
        RETURN v_sum;
    END IF;

    RETURN CASE WHEN EXISTS (
               SELECT FROM almanac.cards c WHERE c.user_id = p_user AND c.created_at <= p_before)
             OR EXISTS (
               SELECT FROM almanac.ai_generations g
                WHERE g.user_id = p_user AND almanac.requested_at(g.user_id, g.id, g.created_at) <= p_before
                  AND (g.source_text IS NOT NULL OR g.error ? 'excerpt'
                       OR NOT EXISTS (SELECT FROM almanac.ai_suggestions s WHERE s.generation_id = g.id)
                       OR EXISTS (SELECT FROM almanac.ai_suggestions s
                                   WHERE s.generation_id = g.id
                                     AND NOT EXISTS (SELECT FROM almanac.cards c WHERE c.suggestion_id = s.id))))
           THEN -1 ELSE 0 END;
END
$$;
REVOKE ALL ON FUNCTION almanac.erase_flashcards FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.erase_flashcards TO almanac_worker;
