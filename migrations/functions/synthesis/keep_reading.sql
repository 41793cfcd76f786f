-- Keeps what an attempt read, under its lease: the articles for the model, the keys of all recent items and the week, once
-- per synthesis, and the state of each feed. p_sources: [{url, fetched, etag, last_modified, items, error}]; `fetched` is
-- false if the fetch failed, `items` null if the feed is unchanged. A feed whose row another transaction holds keeps its
-- old state.
CREATE OR REPLACE FUNCTION almanac.keep_reading(
    p_job uuid, p_epoch bigint, p_week text, p_articles jsonb, p_keys text[], p_sources jsonb)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
    v_theme uuid;
BEGIN
    UPDATE almanac.syntheses s
       SET week = p_week, articles = p_articles, item_keys = p_keys
     WHERE s.user_id = v_user AND s.id = p_job
    RETURNING s.theme_id INTO v_theme;
    UPDATE almanac.theme_sources t
       SET etag = CASE WHEN r.fetched THEN r.etag ELSE t.etag END,
           last_modified = CASE WHEN r.fetched THEN r.last_modified ELSE t.last_modified END,
           items = coalesce(r.items, t.items),
           last_fetched_at = CASE WHEN r.fetched THEN clock_timestamp() ELSE t.last_fetched_at END,
           last_error = r.error
      FROM jsonb_to_recordset(p_sources) AS r (
           url text, fetched boolean, etag text, last_modified text, items jsonb, error jsonb)
     WHERE t.ctid = ANY (ARRAY(SELECT l.ctid FROM almanac.theme_sources l
                                WHERE l.user_id = v_user AND l.theme_id = v_theme
                                  FOR NO KEY UPDATE SKIP LOCKED))
       AND t.url = r.url;
END
$$;
REVOKE ALL ON FUNCTION almanac.keep_reading FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.keep_reading TO almanac_worker;
