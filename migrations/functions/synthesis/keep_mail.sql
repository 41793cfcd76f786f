-- Keeps a mail as it was rendered, under the lease, once: a later attempt sends the same bytes.
CREATE OR REPLACE FUNCTION almanac.keep_mail(
    p_job uuid, p_epoch bigint, p_subject text, p_html text, p_body text, p_unsubscribe_url text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
BEGIN
    UPDATE almanac.email_deliveries d
       SET subject = p_subject, html = p_html, body = p_body, unsubscribe_url = p_unsubscribe_url
     WHERE d.user_id = v_user AND d.id = p_job AND d.html IS NULL;
END
$$;
REVOKE ALL ON FUNCTION almanac.keep_mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.keep_mail TO almanac_worker;
