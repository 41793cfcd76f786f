-- Hook on_lock: the end of a mail writes its effect and its fire, whose last mail ends it. Returns the deliveries of which
-- another transaction holds one of them.
CREATE OR REPLACE FUNCTION almanac.lock_mails(p_users uuid[], p_deliveries uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
AS $$
DECLARE
    v_delivery record;
    v_busy uuid[] := '{}';
BEGIN
    FOR v_delivery IN
        SELECT d.id, d.user_id, d.theme_id, d.fire_date, d.dedupe_key FROM unnest(p_users, p_deliveries) AS j (user_id, id)
          JOIN almanac.email_deliveries d ON d.user_id = j.user_id AND d.id = j.id
         ORDER BY d.theme_id
    LOOP
        PERFORM FROM almanac.effects e WHERE e.dedupe_key = v_delivery.dedupe_key FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (SELECT FROM almanac.effects e WHERE e.dedupe_key = v_delivery.dedupe_key) THEN
            v_busy := v_busy || v_delivery.id;
            CONTINUE;
        END IF;
        PERFORM FROM almanac.schedule_runs r
          WHERE r.user_id = v_delivery.user_id AND r.theme_id = v_delivery.theme_id
            AND r.fire_date = v_delivery.fire_date
            FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (
               SELECT FROM almanac.schedule_runs r
                WHERE r.user_id = v_delivery.user_id AND r.theme_id = v_delivery.theme_id
                  AND r.fire_date = v_delivery.fire_date) THEN
            v_busy := v_busy || v_delivery.id;
        END IF;
    END LOOP;
    RETURN v_busy;
END
$$;
REVOKE ALL ON FUNCTION almanac.lock_mails FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_mails TO almanac_worker;
