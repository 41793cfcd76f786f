-- Counts what an ended run made, and the totals over all its calls.
CREATE OR REPLACE FUNCTION almanac.close_organic(p_user uuid, p_run uuid) RETURNS void
LANGUAGE sql
AS $$
    UPDATE almanac.organic_runs r
       SET placed = (SELECT count(*) FROM almanac.organic_placements p
                      WHERE p.user_id = r.user_id AND p.run_id = r.id),
           tokens_input = c.tokens_input, tokens_output = c.tokens_output, cost_usd = c.cost_usd
      FROM almanac.spent_on(p_run) AS c
     WHERE r.user_id = p_user AND r.id = p_run
$$;
REVOKE ALL ON FUNCTION almanac.close_organic FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.close_organic TO almanac_worker;
