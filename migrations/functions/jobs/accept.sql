-- Submits one job of the calling user: rate limit, idempotency key, slot and job row, all or nothing.
-- Outcomes: new · replay (same key, same body) · reused (same key, other body) · active (slot taken) · limited.
-- One advisory lock per user is taken first, so two submissions of one user never interleave in any process. A batch
-- takes these locks in one order, so batches cannot deadlock.
CREATE OR REPLACE FUNCTION almanac.accept(
    p_job uuid, p_kind text, p_lane text, p_payload jsonb, p_subject_type text, p_subject_id text,
    p_exclusive_key text, p_start_by interval, p_time_limit interval,
    p_route text, p_key text, p_fingerprint bytea, p_answer text,
    p_family text, p_limit int, p_window int, p_trace text, p_request_id text,
    OUT outcome text, OUT job_id uuid, OUT answer text, OUT active_kind text,
    OUT remaining int, OUT reset_seconds int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
    v_user uuid := almanac.uid();
    v_now timestamptz;
    v_first_n bigint;
    v_first_at timestamptz;
    v_last_n bigint;
    v_used bigint := 0;
    v_known almanac.idempotency_keys;
BEGIN
    IF v_user IS NULL THEN
        RAISE EXCEPTION 'nobody is asking' USING errcode = '42501';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(v_user::text, 7311));
    v_now := clock_timestamp();

    SELECT l.n, f.n, f.at INTO v_last_n, v_first_n, v_first_at
      FROM (SELECT a.n FROM almanac.accepts a
             WHERE a.user_id = v_user AND a.family = p_family ORDER BY a.at DESC, a.n DESC LIMIT 1) AS l
      LEFT JOIN (SELECT a.n, a.at FROM almanac.accepts a
                  WHERE a.user_id = v_user AND a.family = p_family AND a.at > v_now - make_interval(secs => p_window)
                  ORDER BY a.at, a.n LIMIT 1) AS f ON true;
    IF v_first_n IS NOT NULL THEN
        v_used := v_last_n - v_first_n + 1;
        reset_seconds := greatest(1, ceil(extract(epoch FROM v_first_at - v_now) + p_window))::int;
    ELSE
        reset_seconds := p_window;
    END IF;
    remaining := greatest(0, p_limit - v_used)::int;

    IF p_key IS NOT NULL THEN
        SELECT * INTO v_known FROM almanac.idempotency_keys k
         WHERE k.user_id = v_user AND k.route = p_route AND k.key = p_key AND k.expires_at > v_now;
        IF FOUND THEN
            outcome := CASE WHEN v_known.fingerprint = p_fingerprint THEN 'replay' ELSE 'reused' END;
            job_id := v_known.job_id;
            answer := v_known.answer;
            RETURN;
        END IF;
    END IF;

    IF v_used >= p_limit THEN
        outcome := 'limited';
        RETURN;
    END IF;

    INSERT INTO almanac.jobs AS j (id, user_id, kind, lane, exclusive_key, payload, subject_type, subject_id,
                                   start_by, time_limit, trace, request_id, run_at, created_at)
    VALUES (p_job, v_user, p_kind, p_lane, p_exclusive_key, p_payload, p_subject_type, p_subject_id,
            v_now + p_start_by, p_time_limit, p_trace, p_request_id, v_now, v_now)
    ON CONFLICT (user_id, exclusive_key) WHERE exclusive_key IS NOT NULL AND state IN ('queued', 'running')
    DO NOTHING;
    IF NOT FOUND THEN
        outcome := 'active';
        SELECT j.id, j.kind INTO job_id, active_kind FROM almanac.jobs j
         WHERE j.user_id = v_user AND j.exclusive_key = p_exclusive_key AND j.state IN ('queued', 'running');
        RETURN;
    END IF;

    INSERT INTO almanac.accepts (user_id, family, n, at) VALUES (v_user, p_family, coalesce(v_last_n, 0) + 1, v_now);
    IF p_key IS NOT NULL THEN
        INSERT INTO almanac.idempotency_keys AS k (user_id, route, key, fingerprint, job_id, answer, expires_at)
        VALUES (v_user, p_route, p_key, p_fingerprint, p_job, p_answer, v_now + interval '24 hours')
        ON CONFLICT (user_id, route, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, job_id = excluded.job_id,
            answer = excluded.answer, expires_at = excluded.expires_at;
    END IF;
    outcome := 'new';
    job_id := p_job;
    answer := p_answer;
    remaining := remaining - 1;
END
$$;
REVOKE ALL ON FUNCTION almanac.accept FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.accept TO authenticated;
