-- Hook on_prune: deletes the texts of mails. Returns those that are left, because another transaction holds the row.
CREATE OR REPLACE FUNCTION almanac.prune_mails(p_users uuid[], p_deliveries uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    UPDATE almanac.email_deliveries u SET subject = NULL, html = NULL, body = NULL
     WHERE u.ctid = ANY (ARRAY(
           SELECT d.ctid FROM unnest(p_users, p_deliveries) AS j (user_id, id)
             JOIN almanac.email_deliveries d ON d.user_id = j.user_id AND d.id = j.id
            WHERE d.html IS NOT NULL
              FOR NO KEY UPDATE OF d SKIP LOCKED));
    RETURN ARRAY(
        SELECT d.id FROM unnest(p_users, p_deliveries) AS j (user_id, id)
          JOIN almanac.email_deliveries d ON d.user_id = j.user_id AND d.id = j.id
         WHERE d.html IS NOT NULL);
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_mails FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_mails TO almanac_worker;
