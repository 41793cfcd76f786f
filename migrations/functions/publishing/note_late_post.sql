-- A worker learned that its request published after it had lost the lease, e.g. because it stood still. What it knows is
-- kept with the effect, if no later attempt has sent since: the next owner of the job ends the intent with it.
CREATE OR REPLACE FUNCTION almanac.note_late_post(p_job uuid, p_epoch bigint, p_id text, p_post jsonb) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.effects e SET state = 'confirmed', provider_ref = p_id, last_error = p_post
     WHERE e.job_id = p_job AND e.epoch = p_epoch AND e.state IN ('sending', 'unknown');
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION almanac.note_late_post FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.note_late_post TO almanac_worker;
