-- Completes a request that has several jobs. submit() has written and counted the first of p_jobs in this transaction; the
-- others are written here with its kind, lane, trace and request, each with a subject of its own, and each of them, the
-- first too, is due at its p_run_at or at once if that has passed. Only for kinds without a slot.
CREATE OR REPLACE FUNCTION almanac.submit_siblings(
    p_user uuid, p_jobs uuid[], p_subjects text[], p_run_at timestamptz[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_first almanac.jobs;
BEGIN
    UPDATE almanac.jobs j SET run_at = greatest(j.run_at, p_run_at[1])
     WHERE j.id = p_jobs[1] AND j.user_id = p_user AND j.state = 'queued' AND j.epoch = 0 AND j.exclusive_key IS NULL
    RETURNING j.* INTO STRICT v_first;
    INSERT INTO almanac.jobs (id, user_id, kind, lane, payload, subject_type, subject_id, start_by, time_limit, trace,
                              request_id, run_at, created_at)
    SELECT p_jobs[place], p_user, v_first.kind, v_first.lane, v_first.payload, v_first.subject_type, p_subjects[place],
           v_first.start_by, v_first.time_limit, v_first.trace, v_first.request_id,
           greatest(v_first.created_at, p_run_at[place]), v_first.created_at
      FROM generate_series(2, cardinality(p_jobs)) AS place;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_siblings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_siblings TO almanac_api;
