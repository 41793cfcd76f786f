-- Hook on_retry: a failed delivery is made again, as another mail to the same address. False if it is not failed, so that
-- what may have been sent is not sent twice, or was deleted.
CREATE OR REPLACE FUNCTION almanac.retry_mail(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO almanac.email_deliveries (user_id, id, synthesis_id, theme_id, fire_date, address, dedupe_key)
    SELECT d.user_id, p_new, d.synthesis_id, d.theme_id, d.fire_date, d.address,
           'synthesis/' || d.theme_id || '/retry/' || d.id
      FROM almanac.email_deliveries d
     WHERE d.user_id = p_old.user_id AND d.id = p_old.id AND d.status = 'failed'
    ON CONFLICT (dedupe_key) DO NOTHING;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.retry_mail FROM PUBLIC;
