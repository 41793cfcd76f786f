-- How far a delivery is: a report never moves it to a lower rank.
CREATE OR REPLACE FUNCTION almanac.mail_rank(p_status text) RETURNS int
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE p_status WHEN 'pending' THEN 0 WHEN 'needs_review' THEN 1 WHEN 'skipped' THEN 1 WHEN 'sent' THEN 2
                         WHEN 'delayed' THEN 3 WHEN 'delivered' THEN 4 WHEN 'complained' THEN 6 ELSE 5 END
$$;
REVOKE ALL ON FUNCTION almanac.mail_rank FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.mail_rank TO almanac_worker;
