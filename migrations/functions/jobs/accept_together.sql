-- Submits several jobs of several users in one call: limit, idempotency key and job row as accept() writes them for one,
-- with the same outcomes, for kinds without a slot. One more outcome: `busy`, if another transaction holds the user's
-- lock. Nothing is waited for here, so no request waits for another user's lock.
-- The users are arguments, so only the API itself may call it, before it changes its role.
-- A key that comes twice in one batch is refused (55000): the second would have to see the first.
CREATE OR REPLACE FUNCTION almanac.accept_together(
    p_kind text, p_lane text, p_subject_type text, p_route text, p_family text, p_limit int, p_window int,
    p_users uuid[], p_jobs uuid[], p_payloads jsonb[], p_keys text[], p_fingerprints bytea[], p_answers text[],
    p_traces text[], p_requests text[])
RETURNS TABLE (n int, outcome text, job_id uuid, answer text, remaining int, reset_seconds int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
    v_held uuid[];
    v_now timestamptz;
BEGIN
    IF EXISTS (SELECT FROM unnest(p_users, p_keys) AS u (usr, key) WHERE u.key IS NOT NULL
                GROUP BY u.usr, u.key HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'one key twice in one batch' USING errcode = '55000';
    END IF;
    SELECT array_agg(p.usr) INTO v_held FROM (SELECT DISTINCT usr FROM unnest(p_users) AS usr) AS p
     WHERE pg_try_advisory_xact_lock(hashtextextended(p.usr::text, 7311));
    -- What the locks guard is read by a statement of its own, which sees what their last holders left.
    v_now := clock_timestamp();
    RETURN QUERY
    WITH people AS (
        SELECT p.usr, coalesce(l.n, 0) AS last_n, coalesce(l.n - f.n + 1, 0) AS used,
               coalesce(greatest(1, ceil(extract(epoch FROM f.at - v_now) + p_window)), p_window)::int AS reset_in
          FROM unnest(v_held) AS p (usr)
          LEFT JOIN LATERAL (
               SELECT a.n FROM almanac.accepts a
                WHERE a.user_id = p.usr AND a.family = p_family
                ORDER BY a.at DESC, a.n DESC LIMIT 1) AS l ON true
          LEFT JOIN LATERAL (
               SELECT a.n, a.at FROM almanac.accepts a
                WHERE a.user_id = p.usr AND a.family = p_family AND a.at > v_now - make_interval(secs => p_window)
                ORDER BY a.at, a.n LIMIT 1) AS f ON true),
    asked AS (
        -- `fresh` counts the requests of each person that no earlier one answers, up to this one.
        SELECT u.*, p.usr IS NOT NULL AS held, p.last_n, p.used, p.reset_in,
               k.fingerprint AS known, k.job_id AS known_job, k.answer AS known_answer,
               count(*) FILTER (WHERE k.user_id IS NULL) OVER (PARTITION BY u.usr ORDER BY u.ord) AS fresh
          FROM unnest(p_users, p_jobs, p_payloads, p_keys, p_fingerprints, p_answers, p_traces, p_requests)
               WITH ORDINALITY AS u (usr, job, payload, key, fingerprint, answer, trace, request, ord)
          LEFT JOIN people p ON p.usr = u.usr
          LEFT JOIN LATERAL (
               SELECT * FROM almanac.idempotency_keys k
                WHERE k.user_id = u.usr AND k.route = p_route AND k.key = u.key AND k.expires_at > v_now
                LIMIT 1) AS k ON true),
    judged AS MATERIALIZED (
        SELECT a.*,
               CASE WHEN NOT a.held THEN 'busy'
                    WHEN a.known IS NOT NULL THEN CASE WHEN a.known = a.fingerprint THEN 'replay' ELSE 'reused' END
                    WHEN a.used + a.fresh > p_limit THEN 'limited'
                    ELSE 'new' END AS verdict
          FROM asked a),
    job AS (
        INSERT INTO almanac.jobs (id, user_id, kind, lane, payload, subject_type, subject_id, trace, request_id, run_at,
                                  created_at)
        SELECT j.job, j.usr, p_kind, p_lane, j.payload, p_subject_type, j.job::text, j.trace, j.request, v_now, v_now
          FROM judged j WHERE j.verdict = 'new'),
    counted AS (
        INSERT INTO almanac.accepts (user_id, family, n, at)
        SELECT j.usr, p_family, j.last_n + j.fresh, v_now FROM judged j WHERE j.verdict = 'new'),
    keyed AS (
        INSERT INTO almanac.idempotency_keys AS k (user_id, route, key, fingerprint, job_id, answer, expires_at)
        SELECT j.usr, p_route, j.key, j.fingerprint, j.job, j.answer, v_now + interval '24 hours'
          FROM judged j WHERE j.verdict = 'new' AND j.key IS NOT NULL
        ON CONFLICT (user_id, route, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, job_id = excluded.job_id,
            answer = excluded.answer, expires_at = excluded.expires_at)
    SELECT j.ord::int, j.verdict,
           CASE j.verdict WHEN 'new' THEN j.job ELSE j.known_job END,
           CASE j.verdict WHEN 'new' THEN j.answer ELSE j.known_answer END,
           greatest(0, p_limit - j.used - j.fresh)::int, j.reset_in
      FROM judged j;
END
$$;
REVOKE ALL ON FUNCTION almanac.accept_together FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.accept_together TO almanac_api;
