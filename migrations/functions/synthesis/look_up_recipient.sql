-- What the page of an unsubscribe link shows: the theme's name and language, null once it is deleted. No row if the token
-- is unknown.
CREATE OR REPLACE FUNCTION almanac.look_up_recipient(p_token text)
RETURNS TABLE (theme_name text, theme_language text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT t.name, t.language FROM almanac.email_recipients r
      LEFT JOIN almanac.themes t ON t.user_id = r.user_id AND t.id = r.theme_id
     WHERE r.token = p_token;
END
$$;
REVOKE ALL ON FUNCTION almanac.look_up_recipient FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.look_up_recipient TO almanac_api;
