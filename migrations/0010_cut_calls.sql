-- A call that was cut off by the end of its worker gets an end of its own (M6): open_call() marks it as of unknown outcome
-- when the next call of the job is opened. Where nothing was left to ask for, or the job ended otherwise, there is no next
-- call; so whatever is still open of earlier leases is marked when the job ends, whichever function ends it.
-- The condition keeps this off jobs that end under their first lease: nothing of theirs was cut off.

CREATE FUNCTION almanac.end_cut_calls() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
     WHERE job_id = new.id AND state = 'started' AND epoch < new.epoch;
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_end_cut_calls AFTER UPDATE OF finished_at ON almanac.jobs
    FOR EACH ROW WHEN (old.finished_at IS NULL AND new.finished_at IS NOT NULL AND new.epoch > 1)
    EXECUTE FUNCTION almanac.end_cut_calls();

-- What ended before this file.
UPDATE almanac.llm_calls c SET state = 'unknown', finished_at = clock_timestamp()
  FROM almanac.jobs j
 WHERE j.id = c.job_id AND j.finished_at IS NOT NULL AND c.state = 'started' AND c.epoch < j.epoch;
