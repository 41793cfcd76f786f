-- What an attempt to mail starts from, under its lease: the delivery, its synthesis and theme, and its effect if a request
-- was begun. No row if the delivery no longer exists. Makes the recipient's row if it is the first mail of the theme to
-- this address: p_token is then the token of its links.
CREATE OR REPLACE FUNCTION almanac.open_mail(p_job uuid, p_epoch bigint, p_token text)
RETURNS TABLE (delivery almanac.email_deliveries, synthesis almanac.syntheses, theme almanac.themes, token text,
               effect almanac.effects, is_over boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
BEGIN
    SELECT d.* INTO delivery FROM almanac.email_deliveries d WHERE d.user_id = v_user AND d.id = p_job FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT s.* INTO synthesis FROM almanac.syntheses s WHERE s.user_id = v_user AND s.id = (delivery).synthesis_id;
    SELECT t.* INTO theme FROM almanac.themes t WHERE t.user_id = v_user AND t.id = (delivery).theme_id;
    INSERT INTO almanac.email_recipients (user_id, theme_id, address_hash, token)
    VALUES (v_user, (delivery).theme_id, almanac.address_hash((delivery).address), p_token)
    ON CONFLICT (user_id, theme_id, address_hash) DO NOTHING;
    SELECT r.token INTO token FROM almanac.email_recipients r
     WHERE r.user_id = v_user AND r.theme_id = (delivery).theme_id
       AND r.address_hash = almanac.address_hash((delivery).address);
    SELECT e.* INTO effect FROM almanac.effects e WHERE e.dedupe_key = (delivery).dedupe_key;
    -- The provider remembers a key for 24 hours.
    is_over := coalesce((delivery).first_sent_at < clock_timestamp() - interval '23 hours', false);
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.open_mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.open_mail TO almanac_worker;
