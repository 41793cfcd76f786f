-- Cancels a job of the calling user: a queued job ends at once, one that runs, or that has to find something out first, is
-- marked.
-- Returns missing · final · ended · cancelling.
CREATE OR REPLACE FUNCTION almanac.cancel_job(p_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    SELECT * INTO v_job FROM almanac.jobs WHERE id = p_id AND user_id = almanac.uid() FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'missing';
    ELSIF v_job.finished_at IS NOT NULL THEN
        RETURN 'final';
    ELSIF v_job.state = 'queued' AND almanac.may_end_cancelled(v_job) THEN
        PERFORM almanac.finish(p_id, NULL, 'cancelled', jsonb_build_object(
            'code', 'CANCELLED', 'message', 'Cancelled before it started.'));
        RETURN 'ended';
    END IF;
    UPDATE almanac.jobs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()) WHERE id = p_id;
    RETURN 'cancelling';
END
$$;
REVOKE ALL ON FUNCTION almanac.cancel_job FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.cancel_job TO authenticated;
