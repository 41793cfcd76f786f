-- Whether a run's entries become the calendar's without an accept: it is a first run (or a retry of one), and no run's
-- entry is saved yet.
CREATE OR REPLACE FUNCTION almanac.run_adopts(p_user uuid, p_run uuid) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT r.first AND NOT EXISTS (
               SELECT FROM almanac.calendar_entries e
                WHERE e.user_id = r.user_id AND e.calendar_id = r.calendar_id AND e.from_run)
      FROM almanac.calendar_runs r
     WHERE r.user_id = p_user AND r.id = p_run
$$;
REVOKE ALL ON FUNCTION almanac.run_adopts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.run_adopts TO almanac_worker;
