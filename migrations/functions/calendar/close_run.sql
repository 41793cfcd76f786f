-- Counts what an ended run made and, for a first run, saves its entries as the calendar's.
CREATE OR REPLACE FUNCTION almanac.close_run(p_user uuid, p_run uuid) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF almanac.run_adopts(p_user, p_run) THEN
        INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields, base, run_id)
        SELECT g.entry_id, g.user_id, r.calendar_id, g.key, g.fields || '{"media": []}', g.fields, r.id
          FROM almanac.calendar_runs r
          JOIN almanac.calendar_run_entries g ON g.user_id = r.user_id AND g.run_id = r.id
         WHERE r.user_id = p_user AND r.id = p_run
        ON CONFLICT DO NOTHING;
    END IF;
    UPDATE almanac.calendar_runs r
       SET entries = (SELECT count(*) FROM almanac.calendar_run_entries g
                       WHERE g.user_id = r.user_id AND g.run_id = r.id),
           tokens_input = c.tokens_input, tokens_output = c.tokens_output, cost_usd = c.cost_usd
      FROM almanac.spent_on(p_run) AS c
     WHERE r.user_id = p_user AND r.id = p_run;
END
$$;
REVOKE ALL ON FUNCTION almanac.close_run FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.close_run TO almanac_worker;
