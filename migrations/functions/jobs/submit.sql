-- Submits jobs of one kind, one per place in the arrays, in one commit: rate limit, idempotency key, slot and job row,
-- all or nothing for each. Lane, limit, slot, start_by and time limit come from the row of job_kinds, never from the
-- caller. p_subjects names what the job works on; null: a resource with the id of the job.
-- Outcomes: new · replay (same key, same body) · reused (same key, other body) · limited · active (slot taken, by
-- job_id) · busy (another transaction holds the user's lock) · twin (it holds this key too). Only `new` writes.
-- Nothing is waited for: a lock that another transaction holds is reported, and the caller submits again.
-- The users are arguments, so only the API itself may call it, in its own role.
-- A user's key, or a user of a kind with a slot, that comes twice in one batch is refused (55000): the second would have
-- to see the first.
CREATE OR REPLACE FUNCTION almanac.submit(
    p_kind text, p_users uuid[], p_jobs uuid[], p_payloads jsonb[], p_subjects text[], p_keys text[],
    p_fingerprints bytea[], p_answers text[], p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, answer text, active_kind text, remaining int, reset_seconds int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    k almanac.job_kinds;
    v_extra jsonb;
    v_user uuid := p_users[1];
    v_held uuid[];
    v_now timestamptz;
    v_first_n bigint;
    v_first_at timestamptz;
    v_last_n bigint;
    v_used bigint := 0;
    v_known almanac.idempotency_keys;
BEGIN
    SELECT * INTO STRICT k FROM almanac.job_kinds d WHERE d.kind = p_kind;
    v_extra := CASE WHEN k.time_limit IS NOT NULL THEN
        jsonb_build_object('timeLimitMs', (extract(epoch FROM k.time_limit) * 1000)::bigint) END;

    -- A single job is submitted by plain statements: with cold caches the statement for many costs half as much again.
    IF cardinality(p_users) = 1 THEN
        n := 1;
        IF NOT pg_try_advisory_xact_lock(hashtextextended(v_user::text, 7311)) THEN
            outcome := CASE WHEN p_keys[1] IS NULL OR pg_try_advisory_xact_lock_shared(
                                 hashtextextended(v_user::text || k.route || p_keys[1], 7312))
                            THEN 'busy' ELSE 'twin' END;
            RETURN NEXT;
            RETURN;
        END IF;
        v_now := clock_timestamp();

        SELECT l.n, f.n, f.at INTO v_last_n, v_first_n, v_first_at
          FROM (SELECT a.n FROM almanac.submissions a
                 WHERE a.user_id = v_user AND a.family = k.family ORDER BY a.at DESC, a.n DESC LIMIT 1) AS l
          LEFT JOIN (SELECT a.n, a.at FROM almanac.submissions a
                      WHERE a.user_id = v_user AND a.family = k.family
                        AND a.at > v_now - make_interval(secs => k.rate_seconds)
                      ORDER BY a.at, a.n LIMIT 1) AS f ON true;
        IF v_first_n IS NOT NULL THEN
            v_used := v_last_n - v_first_n + 1;
            reset_seconds := greatest(1, ceil(extract(epoch FROM v_first_at - v_now) + k.rate_seconds))::int;
        ELSE
            reset_seconds := k.rate_seconds;
        END IF;
        remaining := greatest(0, k.rate_count - v_used)::int;

        IF p_keys[1] IS NOT NULL THEN
            -- Distinguishes a waiting repetition of this request from another request of the same user.
            PERFORM pg_try_advisory_xact_lock(hashtextextended(v_user::text || k.route || p_keys[1], 7312));
            SELECT * INTO v_known FROM almanac.idempotency_keys i
             WHERE i.user_id = v_user AND i.route = k.route AND i.key = p_keys[1] AND i.expires_at > v_now;
            IF FOUND THEN
                outcome := CASE WHEN v_known.fingerprint = p_fingerprints[1] THEN 'replay' ELSE 'reused' END;
                job_id := v_known.job_id;
                answer := v_known.answer;
                RETURN NEXT;
                RETURN;
            END IF;
        END IF;

        IF v_used >= k.rate_count THEN
            outcome := 'limited';
            RETURN NEXT;
            RETURN;
        END IF;

        IF k.exclusive_key IS NOT NULL THEN
            -- Seen first: the index would wait for a transaction that is ending the active job.
            SELECT j.id, j.kind INTO job_id, active_kind FROM almanac.jobs j
             WHERE j.user_id = v_user AND j.exclusive_key = k.exclusive_key AND j.state IN ('queued', 'running');
            IF FOUND THEN
                outcome := 'active';
                RETURN NEXT;
                RETURN;
            END IF;
        END IF;

        INSERT INTO almanac.jobs (id, user_id, kind, lane, exclusive_key, payload, subject_type, subject_id, start_by,
                                  time_limit, trace, request_id, run_at, created_at)
        VALUES (p_jobs[1], v_user, p_kind, k.lane, k.exclusive_key,
                CASE WHEN v_extra IS NULL THEN p_payloads[1] ELSE p_payloads[1] || v_extra END, k.subject_type,
                coalesce(p_subjects[1], p_jobs[1]::text), v_now + k.start_by, k.time_limit, p_traces[1], p_requests[1],
                v_now, v_now)
        ON CONFLICT (user_id, exclusive_key) WHERE exclusive_key IS NOT NULL AND state IN ('queued', 'running')
        DO NOTHING;
        IF NOT FOUND THEN
            -- Taken since by a transaction that does not lock the user, and committed: seen now.
            SELECT j.id, j.kind INTO job_id, active_kind FROM almanac.jobs j
             WHERE j.user_id = v_user AND j.exclusive_key = k.exclusive_key AND j.state IN ('queued', 'running');
            outcome := CASE WHEN FOUND THEN 'active' ELSE 'busy' END;
            RETURN NEXT;
            RETURN;
        END IF;
        INSERT INTO almanac.submissions (user_id, family, n, at)
        VALUES (v_user, k.family, coalesce(v_last_n, 0) + 1, v_now);
        IF p_keys[1] IS NOT NULL THEN
            INSERT INTO almanac.idempotency_keys AS i (user_id, route, key, fingerprint, job_id, answer, expires_at)
            VALUES (v_user, k.route, p_keys[1], p_fingerprints[1], p_jobs[1], p_answers[1], v_now + interval '24 hours')
            ON CONFLICT (user_id, route, key) DO UPDATE SET
                fingerprint = excluded.fingerprint, job_id = excluded.job_id,
                answer = excluded.answer, expires_at = excluded.expires_at;
        END IF;
        outcome := 'new';
        job_id := p_jobs[1];
        answer := p_answers[1];
        remaining := remaining - 1;
        RETURN NEXT;
        RETURN;
    END IF;

    IF EXISTS (SELECT FROM unnest(p_users, p_keys) AS u (usr, key)
                WHERE u.key IS NOT NULL OR k.exclusive_key IS NOT NULL
                GROUP BY u.usr, CASE WHEN k.exclusive_key IS NULL THEN u.key END
               HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'one key or one slot twice in one batch' USING errcode = '55000';
    END IF;
    SELECT array_agg(p.usr) INTO v_held FROM (SELECT DISTINCT usr FROM unnest(p_users) AS usr) AS p
     WHERE pg_try_advisory_xact_lock(hashtextextended(p.usr::text, 7311));
    PERFORM pg_try_advisory_xact_lock(hashtextextended(u.usr::text || k.route || u.key, 7312))
       FROM unnest(p_users, p_keys) AS u (usr, key)
      WHERE u.key IS NOT NULL AND u.usr = ANY (v_held);
    -- What the locks guard is read by a statement of its own, which sees what their last holders left.
    v_now := clock_timestamp();
    RETURN QUERY
    WITH people AS (
        SELECT p.usr, coalesce(l.n, 0) AS last_n, coalesce(l.n - f.n + 1, 0) AS used,
               coalesce(greatest(1, ceil(extract(epoch FROM f.at - v_now) + k.rate_seconds)), k.rate_seconds)::int
                   AS reset_in
          FROM unnest(v_held) AS p (usr)
          LEFT JOIN LATERAL (
               SELECT a.n FROM almanac.submissions a
                WHERE a.user_id = p.usr AND a.family = k.family
                ORDER BY a.at DESC, a.n DESC LIMIT 1) AS l ON true
          LEFT JOIN LATERAL (
               SELECT a.n, a.at FROM almanac.submissions a
                WHERE a.user_id = p.usr AND a.family = k.family
                  AND a.at > v_now - make_interval(secs => k.rate_seconds)
                ORDER BY a.at, a.n LIMIT 1) AS f ON true),
    asked AS (
        -- `fresh` counts the requests of each user that no earlier one answers, up to this one.
        SELECT u.*, p.usr IS NOT NULL AS held, p.last_n, p.used, p.reset_in,
               i.fingerprint AS known, i.job_id AS known_job, i.answer AS known_answer,
               j.id AS active_job, j.kind AS active_of,
               count(*) FILTER (WHERE i.user_id IS NULL) OVER (PARTITION BY u.usr ORDER BY u.ord) AS fresh
          FROM unnest(p_users, p_jobs, p_payloads, p_subjects, p_keys, p_fingerprints, p_answers, p_traces, p_requests)
               WITH ORDINALITY AS u (usr, job, payload, subject, key, fingerprint, answer, trace, request, ord)
          LEFT JOIN people p ON p.usr = u.usr
          LEFT JOIN LATERAL (
               SELECT * FROM almanac.idempotency_keys i
                WHERE i.user_id = u.usr AND i.route = k.route AND i.key = u.key AND i.expires_at > v_now
                LIMIT 1) AS i ON true
          LEFT JOIN LATERAL (
               SELECT j.id, j.kind FROM almanac.jobs j
                WHERE j.user_id = u.usr AND j.exclusive_key = k.exclusive_key AND j.state IN ('queued', 'running')
                LIMIT 1) AS j ON k.exclusive_key IS NOT NULL),
    judged AS MATERIALIZED (
        SELECT a.*,
               CASE WHEN NOT a.held THEN
                         CASE WHEN a.key IS NULL OR pg_try_advisory_xact_lock_shared(
                                   hashtextextended(a.usr::text || k.route || a.key, 7312))
                              THEN 'busy' ELSE 'twin' END
                    WHEN a.known IS NOT NULL THEN CASE WHEN a.known = a.fingerprint THEN 'replay' ELSE 'reused' END
                    WHEN a.used + a.fresh > k.rate_count THEN 'limited'
                    WHEN a.active_job IS NOT NULL THEN 'active'
                    ELSE 'new' END AS verdict
          FROM asked a),
    job AS (
        INSERT INTO almanac.jobs (id, user_id, kind, lane, exclusive_key, payload, subject_type, subject_id, start_by,
                                  time_limit, trace, request_id, run_at, created_at)
        SELECT j.job, j.usr, p_kind, k.lane, k.exclusive_key,
               CASE WHEN v_extra IS NULL THEN j.payload ELSE j.payload || v_extra END, k.subject_type,
               coalesce(j.subject, j.job::text), v_now + k.start_by, k.time_limit, j.trace, j.request, v_now, v_now
          FROM judged j WHERE j.verdict = 'new'),
    counted AS (
        INSERT INTO almanac.submissions (user_id, family, n, at)
        SELECT j.usr, k.family, j.last_n + j.fresh, v_now FROM judged j WHERE j.verdict = 'new'),
    keyed AS (
        INSERT INTO almanac.idempotency_keys AS i (user_id, route, key, fingerprint, job_id, answer, expires_at)
        SELECT j.usr, k.route, j.key, j.fingerprint, j.job, j.answer, v_now + interval '24 hours'
          FROM judged j WHERE j.verdict = 'new' AND j.key IS NOT NULL
        ON CONFLICT (user_id, route, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, job_id = excluded.job_id,
            answer = excluded.answer, expires_at = excluded.expires_at)
    SELECT j.ord::int, j.verdict,
           CASE j.verdict WHEN 'new' THEN j.job WHEN 'active' THEN j.active_job ELSE j.known_job END,
           CASE j.verdict WHEN 'new' THEN j.answer ELSE j.known_answer END,
           CASE j.verdict WHEN 'active' THEN j.active_of END,
           greatest(0, k.rate_count - j.used - j.fresh + (j.verdict = 'active')::int)::int, j.reset_in
      FROM judged j;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit TO almanac_api;
