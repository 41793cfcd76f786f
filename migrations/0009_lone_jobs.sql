-- What a lone job waits for, made short (D121): its text is stored as it is, its claim is a handful of plain statements,
-- and whoever looks at it does so in one.

-- Compressing a text of some thousand characters takes as long as everything else its accept does, and saves a third of
-- its bytes.
ALTER TABLE almanac.ai_generations ALTER COLUMN source_text SET STORAGE EXTERNAL;

-- Start, as before. One job alone is started by plain statements: with cold caches the statement for many costs half as
-- much again, and there is nobody to share it with. A row that somebody else holds at this moment is waited for: it is
-- being claimed, or ends, and neither takes long.
CREATE OR REPLACE FUNCTION almanac.start(
    p_ids uuid[], p_calls uuid[], p_owner text, p_lease interval, p_alone int, p_provider text)
RETURNS TABLE (job almanac.jobs, call uuid, brief text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_wary uuid[];
    v_started int := 0;
    v_row record;
BEGIN
    IF cardinality(p_ids) = 1 THEN
        UPDATE almanac.jobs j
           SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner, lease_expires_at = v_now + p_lease,
               started_at = coalesce(j.started_at, v_now),
               deadline_at = coalesce(j.deadline_at, v_now + j.time_limit)
         WHERE j.state = 'queued' AND j.run_at <= clock_timestamp() AND (p_alone IS NULL OR j.crashes < p_alone)
           AND j.id = p_ids[1]
        RETURNING j.* INTO job;
        IF FOUND THEN
            v_started := 1;
            IF (job).kind <> 'flashcards.generate' THEN
                IF (job).epoch = 1 THEN
                    PERFORM almanac.reflect(job);
                END IF;
            ELSIF (job).epoch = 1 AND p_provider IS NOT NULL THEN
                call := p_calls[1];
                INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
                VALUES (call, (job).id, (job).epoch, 'cards', p_provider, (job).payload ->> 'model');
                SELECT g.source_text INTO brief
                  FROM almanac.ai_generations g
                 WHERE g.user_id = (job).user_id AND g.id = (job).id;
            END IF;
            RETURN NEXT;
        END IF;
    ELSE
        FOR v_row IN
            WITH free AS MATERIALIZED (
                SELECT j.id, w.call
                  FROM (SELECT DISTINCT ON (u.id) u.id, u.call FROM unnest(p_ids, p_calls) AS u (id, call)) AS w
                  JOIN almanac.jobs j ON j.id = w.id
                 WHERE j.state = 'queued' AND j.run_at <= clock_timestamp() AND (p_alone IS NULL OR j.crashes < p_alone)
                 ORDER BY j.id
                   FOR UPDATE OF j SKIP LOCKED),
            started AS (
                UPDATE almanac.jobs j
                   SET state = 'running', epoch = j.epoch + 1, lease_owner = p_owner,
                       lease_expires_at = clock_timestamp() + p_lease,
                       started_at = coalesce(j.started_at, clock_timestamp()),
                       deadline_at = coalesce(j.deadline_at, clock_timestamp() + j.time_limit)
                  FROM free f
                 WHERE j.id = f.id
                RETURNING j AS job, f.call),
            opened AS (
                INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
                SELECT s.call, (s.job).id, (s.job).epoch, 'cards', p_provider, (s.job).payload ->> 'model'
                  FROM started s
                 WHERE p_provider IS NOT NULL AND (s.job).kind = 'flashcards.generate' AND (s.job).epoch = 1
                RETURNING id, job_id)
            SELECT s.job AS job, o.id AS call, g.source_text AS brief
              FROM started s
              LEFT JOIN opened o ON o.job_id = (s.job).id
              LEFT JOIN almanac.ai_generations g ON g.user_id = (s.job).user_id AND g.id = o.job_id
        LOOP
            job := v_row.job;
            call := v_row.call;
            brief := v_row.brief;
            v_started := v_started + 1;
            -- A generation that runs is told by its job's row; the other domains' rows say it themselves.
            IF (job).epoch = 1 AND (job).kind <> 'flashcards.generate' THEN
                PERFORM almanac.reflect(job);
            END IF;
            RETURN NEXT;
        END LOOP;
    END IF;
    IF p_alone IS NOT NULL AND v_started < cardinality(p_ids) THEN
        SELECT array_agg(j.id) INTO v_wary FROM almanac.jobs j
         WHERE j.id = ANY (p_ids) AND j.state = 'queued' AND j.crashes >= p_alone;
        IF v_wary IS NOT NULL THEN
            RETURN QUERY SELECT c, NULL::uuid, NULL::text FROM almanac.claim(v_wary, p_owner, p_lease, p_alone) AS c;
        END IF;
    END IF;
END
$$;

-- Look: the jobs that people ask about, each with its asker's eyes, in one statement that leaves nothing of anybody on
-- the connection. n is the place in the question, from 1; what is missing or somebody else's has no row. `kept` counts
-- the events that retention has left of an ended job; of any other all are there.
CREATE FUNCTION almanac.look(p_users uuid[], p_jobs uuid[])
RETURNS TABLE (n int, job almanac.jobs, kept bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_asked record;
BEGIN
    PERFORM set_config('role', 'authenticated', true);
    FOR v_asked IN
        SELECT a.usr, a.job, a.place FROM unnest(p_users, p_jobs) WITH ORDINALITY AS a (usr, job, place)
    LOOP
        PERFORM set_config('request.jwt.claims',
            '{"sub":"' || v_asked.usr::text || '","role":"authenticated"}', true);
        SELECT j.* INTO job FROM almanac.jobs j WHERE j.id = v_asked.job;
        CONTINUE WHEN NOT FOUND;
        n := v_asked.place::int;
        kept := (job).last_seq;
        IF (job).finished_at IS NOT NULL THEN
            SELECT count(*) INTO kept FROM almanac.job_events e WHERE e.job_id = v_asked.job;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION almanac.look TO authenticated, almanac_api;

-- Tail, as before. A function in SQL is planned anew by every call, which costs several times what this one reads.
CREATE OR REPLACE FUNCTION almanac.tail(p_jobs uuid[], p_after bigint[], p_max int)
RETURNS TABLE (job_id uuid, seq bigint, type text, data text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT e.job_id, e.seq, e.type, e.data
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
      JOIN almanac.jobs j ON j.id = w.job_id AND j.last_seq > w.after
     CROSS JOIN LATERAL (
           SELECT * FROM almanac.job_events e
            WHERE e.job_id = w.job_id AND e.seq > w.after
            ORDER BY e.seq
            LIMIT p_max) AS e
     UNION ALL
    SELECT w.job_id, w.after + 1, 'done', '{"status":"cancelled","error":{"code":"CANCELLED",'
           '"message":"Removed together with all data of its owner."}}'
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
     WHERE NOT EXISTS (SELECT FROM almanac.jobs j WHERE j.id = w.job_id);
END
$$;
