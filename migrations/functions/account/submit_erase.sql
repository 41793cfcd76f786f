-- Submits the erase of all data of the calling user. One at a time: while one is active the outcome is `active` with its
-- id. What the user makes after this moment is kept.
CREATE OR REPLACE FUNCTION almanac.submit_erase(p_job uuid, p_limit int, p_window int, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, remaining int, reset_seconds int)
LANGUAGE sql
AS $$
    SELECT a.outcome, a.job_id, a.remaining, a.reset_seconds
      FROM almanac.accept(
               p_job, 'account.erase', 'account', '{}', 'account', almanac.uid()::text,
               'erase', NULL, NULL, 'DELETE /v1/me/data', NULL, NULL, '{}',
               'erase', p_limit, p_window, p_trace, p_request_id) AS a
$$;
REVOKE ALL ON FUNCTION almanac.submit_erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_erase TO authenticated;
