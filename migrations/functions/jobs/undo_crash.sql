-- Takes back the crash that reap() counted for a lease, on the word of the worker that held it: it lives, so it did not
-- crash, it stood still. Ten times a job: one that stops its worker again and again is poison too. Returns whether there
-- was one to take back. A row that another transaction holds is waited for until lock_timeout.
CREATE OR REPLACE FUNCTION almanac.undo_crash(p_id uuid, p_epoch bigint) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.jobs SET crashes = crashes - 1, crashed_epoch = NULL, stalls = stalls + 1
     WHERE id = p_id AND crashed_epoch = p_epoch AND stalls < 10 AND state IN ('queued', 'running');
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.undo_crash FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.undo_crash TO almanac_worker;
