-- Retries a final job for an operator: a new job with a new log for the same user; no limit counts it.
-- Outcomes: new · replay (same key) · missing · unfinished (not final yet) · active (its slot is taken, or an erase of
-- the user's data is pending) · gone (what it was made from is no longer stored, or was repeated or took effect already).
-- Every outcome but `new` and `replay` has to be rolled back. Takes the lock that accept() takes.
CREATE OR REPLACE FUNCTION almanac.retry_job(p_id uuid, p_new uuid, p_key text, p_trace text, p_request_id text)
RETURNS TABLE (outcome text, job_id uuid, job_kind text, job_lane text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_route text := 'POST /v1/admin/jobs/' || p_id || '/retry';
    v_user uuid;
    v_old almanac.jobs;
    v_now timestamptz;
    v_copy text;
    v_copied boolean := true;
BEGIN
    SELECT j.user_id INTO v_user FROM almanac.jobs j WHERE j.id = p_id;
    PERFORM pg_advisory_xact_lock(hashtextextended(v_user::text, 7311));
    v_now := clock_timestamp();
    SELECT * INTO v_old FROM almanac.jobs j WHERE j.id = p_id FOR SHARE;
    IF NOT FOUND THEN
        outcome := 'missing';
        RETURN NEXT;
        RETURN;
    END IF;
    job_id := p_id;
    job_kind := v_old.kind;
    job_lane := v_old.lane;

    IF p_key IS NOT NULL THEN
        SELECT k.job_id INTO job_id FROM almanac.idempotency_keys k
         WHERE k.user_id = v_user AND k.route = v_route AND k.key = p_key AND k.expires_at > v_now;
        IF FOUND THEN
            outcome := 'replay';
            RETURN NEXT;
            RETURN;
        END IF;
        job_id := p_id;
    END IF;

    IF v_old.finished_at IS NULL THEN
        outcome := 'unfinished';
        RETURN NEXT;
        RETURN;
    END IF;

    SELECT j.id, j.kind INTO job_id, job_kind FROM almanac.jobs j
     WHERE j.user_id = v_user AND j.exclusive_key IN ('erase', v_old.exclusive_key)
       AND j.state IN ('queued', 'running')
     LIMIT 1;
    IF FOUND THEN
        outcome := 'active';
        RETURN NEXT;
        RETURN;
    END IF;
    job_id := p_new;
    job_kind := v_old.kind;

    INSERT INTO almanac.jobs (id, user_id, kind, lane, exclusive_key, payload, subject_type, subject_id, retry_of,
                              start_by, time_limit, trace, request_id, run_at, created_at)
    SELECT p_new, v_user, d.kind, d.lane, d.exclusive_key,
            CASE WHEN v_old.kind = 'account.erase'
                 THEN v_old.payload || jsonb_build_object('before', almanac.erase_before(v_old))
                 ELSE v_old.payload END,
            v_old.subject_type,
            CASE WHEN v_old.subject_id = p_id::text THEN p_new::text ELSE v_old.subject_id END, p_id,
            v_now + d.start_by, d.time_limit, p_trace, p_request_id, v_now, v_now
      FROM almanac.job_kinds d WHERE d.kind = v_old.kind;
    SELECT d.on_retry INTO v_copy FROM almanac.job_kinds d WHERE d.kind = v_old.kind;
    IF v_copy IS NOT NULL THEN
        EXECUTE format('SELECT %s($1, $2)', v_copy) INTO v_copied USING v_old, p_new;
    END IF;
    IF NOT v_copied THEN
        outcome := 'gone';
        RETURN NEXT;
        RETURN;
    END IF;
    IF p_key IS NOT NULL THEN
        INSERT INTO almanac.idempotency_keys AS k (user_id, route, key, fingerprint, job_id, answer, expires_at)
        VALUES (v_user, v_route, p_key, '', p_new, json_build_object('id', p_new)::text, v_now + interval '24 hours')
        ON CONFLICT (user_id, route, key) DO UPDATE SET job_id = excluded.job_id, answer = excluded.answer,
            expires_at = excluded.expires_at;
    END IF;
    outcome := 'new';
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.retry_job FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.retry_job TO almanac_admin;
