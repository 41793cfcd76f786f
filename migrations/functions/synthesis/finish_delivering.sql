-- A fire is done when none of its mails is on its way; its reason says whether one was not delivered. The caller has locked
-- the row of the fire, so that of two last mails one sees the other.
CREATE OR REPLACE FUNCTION almanac.finish_delivering(p_delivery almanac.email_deliveries) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.schedule_runs r
       SET state = 'done', updated_at = clock_timestamp(), reason = CASE WHEN EXISTS (
               SELECT FROM almanac.email_deliveries d
                WHERE d.user_id = p_delivery.user_id AND d.synthesis_id = p_delivery.synthesis_id
                  AND d.status IN ('failed', 'bounced', 'needs_review')) THEN 'UNDELIVERED' END
     WHERE r.user_id = p_delivery.user_id AND r.theme_id = p_delivery.theme_id AND r.fire_date = p_delivery.fire_date
       AND r.state = 'delivering'
       AND NOT EXISTS (
           SELECT FROM almanac.email_deliveries d
             JOIN almanac.jobs j ON j.user_id = d.user_id AND j.id = d.id
            WHERE d.user_id = p_delivery.user_id AND d.synthesis_id = p_delivery.synthesis_id
              AND d.fire_date = p_delivery.fire_date AND j.finished_at IS NULL);
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_delivering FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_delivering TO almanac_worker;
