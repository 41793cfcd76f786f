-- Jobs: the row is the outbox (M1), the lease (M2), the slot (M5) and the head of the event log (M4).
-- All due and lease decisions use clock_timestamp() of this database, never a process's clock.
-- Functions that run with their caller's rights name every object in full and set no search_path (it costs per call);
-- those that run with the owner's rights fix it.

CREATE TABLE almanac.jobs (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    kind text NOT NULL,                         -- e.g. flashcards.generate
    lane text NOT NULL,                         -- the queue that delivers it
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'running', 'succeeded', 'partial', 'timeout', 'failed', 'cancelled', 'dead')),
    exclusive_key text,                         -- at most one active job per user and key; null: no limit
    payload jsonb NOT NULL DEFAULT '{}',        -- words of the kind; fields may be added with a default, never renamed
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    retry_of uuid,                              -- the final job that this one repeats (D44)
    trace text,                                 -- W3C traceparent of the request
    request_id text,
    attempt int NOT NULL DEFAULT 0,             -- retry verdicts so far
    crashes int NOT NULL DEFAULT 0,             -- leases that ran out
    epoch bigint NOT NULL DEFAULT 0,            -- raised by every claim; every write of a worker names it
    lease_owner text,
    lease_expires_at timestamptz,
    run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    start_by timestamptz,                       -- not started by then: failed / QUEUE_TIMEOUT
    time_limit interval,                        -- from the first start; belongs to the job, not to an attempt (M7)
    deadline_at timestamptz,
    cancel_requested_at timestamptz,
    last_seq bigint NOT NULL DEFAULT 0,
    progress jsonb,
    error jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (user_id, id)                        -- target of (user_id, job) keys, and the newest-first list: ids are v7
) WITH (fillfactor = 80);
CREATE INDEX jobs_due ON almanac.jobs (lane, run_at) WHERE state = 'queued';
CREATE INDEX jobs_leased ON almanac.jobs (lease_expires_at) WHERE state = 'running';
CREATE INDEX jobs_start_by ON almanac.jobs (start_by) WHERE state = 'queued' AND start_by IS NOT NULL;
CREATE UNIQUE INDEX jobs_one_active ON almanac.jobs (user_id, exclusive_key)
    WHERE exclusive_key IS NOT NULL AND state IN ('queued', 'running');

-- No foreign key to jobs: only emit() and finish() write here, each right after it has locked the job's own row, and a
-- key would be looked up once per event. Whoever deletes a job deletes its events.
CREATE TABLE almanac.job_events (
    job_id uuid NOT NULL,
    seq bigint NOT NULL,                        -- gap-free from 1
    type text NOT NULL,
    data text NOT NULL,                         -- exact one-line JSON as sent; text, because jsonb reorders keys
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (job_id, seq)
);

-- One row before each call of a model: what was asked, what it cost, how it ended (M6).
CREATE TABLE almanac.llm_calls (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES almanac.jobs ON DELETE CASCADE,
    epoch bigint NOT NULL,
    step text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    state text NOT NULL DEFAULT 'started' CHECK (state IN ('started', 'succeeded', 'failed', 'unknown')),
    reserved_usd numeric(12, 6) NOT NULL DEFAULT 0,
    cost_usd numeric(12, 6),
    tokens_input int,
    tokens_output int,
    provider_ref text,                          -- the provider's own id, to reconcile cost later
    error jsonb,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX llm_calls_job ON almanac.llm_calls (job_id, step);
CREATE UNIQUE INDEX llm_calls_step_bought_once ON almanac.llm_calls (job_id, step) WHERE state = 'succeeded';

-- Every send to the outside world: one row per effect, unique by what it would do (M6).
CREATE TABLE almanac.effects (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('post', 'email')),
    dedupe_key text NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'planned' CHECK (state IN
        ('planned', 'sending', 'confirmed', 'rejected', 'unknown', 'needs_review', 'abandoned')),
    epoch bigint,
    send_deadline timestamptz,
    provider_key text NOT NULL,
    provider_ref text,
    payload_hash bytea NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    last_error jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (user_id, job_id) REFERENCES almanac.jobs (user_id, id),
    CHECK (state <> 'sending' OR (send_deadline IS NOT NULL AND epoch IS NOT NULL))
);
CREATE INDEX effects_open ON almanac.effects (state, send_deadline) WHERE state IN ('sending', 'unknown');
CREATE INDEX effects_job ON almanac.effects (user_id, job_id);

DO $$
DECLARE
    tab text;
BEGIN
    FOREACH tab IN ARRAY ARRAY['jobs', 'job_events', 'llm_calls', 'effects'] LOOP
        EXECUTE format('ALTER TABLE almanac.%I ENABLE ROW LEVEL SECURITY', tab);
        EXECUTE format('ALTER TABLE almanac.%I FORCE ROW LEVEL SECURITY', tab);
        EXECUTE format('CREATE POLICY owner_all ON almanac.%I TO almanac_owner USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY worker_all ON almanac.%I TO almanac_worker USING (true) WITH CHECK (true)', tab);
        EXECUTE format('CREATE POLICY admin_reads ON almanac.%I FOR SELECT TO almanac_admin USING (true)', tab);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON almanac.%I TO almanac_worker', tab);
        EXECUTE format('GRANT SELECT ON almanac.%I TO almanac_admin', tab);
    END LOOP;
END
$$;
-- A user reads; only functions write. So no client of the database can forge a job or an event.
CREATE POLICY user_reads ON almanac.jobs FOR SELECT TO authenticated USING (user_id = (SELECT almanac.uid()));
CREATE POLICY user_reads ON almanac.effects FOR SELECT TO authenticated USING (user_id = (SELECT almanac.uid()));
CREATE POLICY user_reads ON almanac.job_events FOR SELECT TO authenticated USING (EXISTS (
    SELECT FROM almanac.jobs j WHERE j.id = job_id AND j.user_id = (SELECT almanac.uid())));
GRANT SELECT ON almanac.jobs, almanac.job_events, almanac.effects TO authenticated;

-- Guards that hold even against our own bugs and hand-made repairs.
CREATE FUNCTION almanac.jobs_guard() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF new.epoch < old.epoch THEN
        RAISE EXCEPTION 'epoch of job % may not go back', old.id USING errcode = '55000';
    END IF;
    IF old.finished_at IS NOT NULL AND new.state IS DISTINCT FROM old.state THEN
        RAISE EXCEPTION 'job % is final (%)', old.id, old.state USING errcode = '55000';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER jobs_guard BEFORE UPDATE ON almanac.jobs
    FOR EACH ROW WHEN (new.epoch < old.epoch OR old.finished_at IS NOT NULL)
    EXECUTE FUNCTION almanac.jobs_guard();

CREATE FUNCTION almanac.effects_guard() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF old.state IN ('confirmed', 'rejected', 'abandoned') AND new.state IS DISTINCT FROM old.state THEN
        RAISE EXCEPTION 'effect % is final (%)', old.id, old.state USING errcode = '55000';
    END IF;
    IF new.state = 'sending' AND old.state <> 'planned' THEN
        RAISE EXCEPTION 'only a planned effect may be sent (% is %)', old.id, old.state USING errcode = '55000';
    END IF;
    IF old.state IN ('sending', 'unknown') AND new.state = 'planned' AND coalesce(new.last_error ->> 'proof', '') = '' THEN
        RAISE EXCEPTION 'effect % needs proof that it was not sent', old.id USING errcode = '55000';
    END IF;
    new.updated_at := clock_timestamp();
    RETURN new;
END
$$;
CREATE TRIGGER effects_guard BEFORE UPDATE ON almanac.effects
    FOR EACH ROW EXECUTE FUNCTION almanac.effects_guard();

-- A job's domain row says the same as the job. Each domain's migration replaces this with one branch more.
CREATE FUNCTION almanac.reflect(p_job almanac.jobs) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN;
END
$$;

-- Accept: limit, idempotency, slot and job row, all or nothing. The only writer of new jobs.
-- Outcomes: new · replay (same key, same body) · reused (same key, other body) · active (slot taken) · limited.
-- One advisory lock per user comes first, so two accepts of one user never interleave, whatever process they run in;
-- a batch takes these locks in one order (see the submit functions), so batches cannot deadlock.
CREATE FUNCTION almanac.accept(
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
GRANT EXECUTE ON FUNCTION almanac.accept TO authenticated;

-- Claim: queued and due -> running, epoch + 1. Returns only what this worker now holds. One row at a time by its key,
-- in one order for everybody: whoever comes second waits for a moment, looks again, and finds it taken.
CREATE FUNCTION almanac.claim(p_ids uuid[], p_owner text, p_lease interval) RETURNS SETOF almanac.jobs
LANGUAGE plpgsql
AS $$
DECLARE
    v_id uuid;
    v_job almanac.jobs;
BEGIN
    FOR v_id IN SELECT DISTINCT id FROM unnest(p_ids) AS id ORDER BY id LOOP
        UPDATE almanac.jobs
           SET state = 'running', epoch = epoch + 1, lease_owner = p_owner,
               lease_expires_at = clock_timestamp() + p_lease,
               started_at = coalesce(started_at, clock_timestamp()),
               deadline_at = coalesce(deadline_at, clock_timestamp() + time_limit)
         WHERE id = v_id AND state = 'queued' AND run_at <= clock_timestamp()
        RETURNING * INTO v_job;
        CONTINUE WHEN NOT FOUND;
        IF v_job.epoch = 1 THEN
            PERFORM almanac.reflect(v_job);
        END IF;
        RETURN NEXT v_job;
    END LOOP;
END
$$;

-- The poll: the oldest due jobs of a lane that no message brought (M1). Ids only; claim() takes them.
CREATE FUNCTION almanac.due(p_lane text, p_older interval, p_max int) RETURNS SETOF uuid
LANGUAGE sql STABLE
AS $$
    SELECT id FROM almanac.jobs
     WHERE lane = p_lane AND state = 'queued' AND run_at <= clock_timestamp() - p_older
     ORDER BY run_at
     LIMIT p_max
$$;

-- Fence: the caller still holds the job under this epoch, and keeps it until its transaction ends (M2).
CREATE FUNCTION almanac.fence(p_id uuid, p_epoch bigint) RETURNS almanac.jobs
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    SELECT * INTO v_job FROM almanac.jobs
     WHERE id = p_id AND epoch = p_epoch AND state = 'running' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    RETURN v_job;
END
$$;

-- Emit: append events under the fence; returns the last seq (M4).
CREATE FUNCTION almanac.emit(p_id uuid, p_epoch bigint, p_types text[], p_data text[], p_progress jsonb)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_before bigint;
BEGIN
    UPDATE almanac.jobs
       SET last_seq = last_seq + cardinality(p_types), progress = coalesce(p_progress, progress)
     WHERE id = p_id AND epoch = p_epoch AND state = 'running'
    RETURNING last_seq - cardinality(p_types) INTO v_before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_id, v_before + e.n, e.type, e.data
      FROM unnest(p_types, p_data) WITH ORDINALITY AS e (type, data, n);
    RETURN v_before + cardinality(p_types);
END
$$;

-- Renew: the jobs this worker still holds, each with whether somebody asked for its end.
CREATE FUNCTION almanac.renew(p_ids uuid[], p_epochs bigint[], p_lease interval)
RETURNS TABLE (id uuid, cancel_requested boolean)
LANGUAGE sql
AS $$
    UPDATE almanac.jobs j
       SET lease_expires_at = clock_timestamp() + p_lease
      FROM unnest(p_ids, p_epochs) AS held (id, epoch)
     WHERE j.id = held.id AND j.epoch = held.epoch AND j.state = 'running'
    RETURNING j.id, j.cancel_requested_at IS NOT NULL
$$;

-- The type of the one final event: `complete` for organic (S3), `done` for all others.
CREATE FUNCTION almanac.final_type(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN p_kind LIKE 'organic.%' THEN 'complete' ELSE 'done' END
$$;

-- Finish: the one end of every job (M3): state, domain row and final event together.
-- With an epoch: a running job, by its holder. Without: a queued one, whose epoch is raised first, so that a late
-- writer of an earlier lease is refused. Returns the seq of the final event, or nothing if it was not ours to end.
-- A domain that writes its row itself in the same transaction says so with p_reflect = false.
CREATE FUNCTION almanac.finish(
    p_id uuid, p_epoch bigint, p_state text, p_error jsonb, p_data text, p_reflect boolean DEFAULT true)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    UPDATE almanac.jobs
       SET state = p_state, error = p_error, finished_at = clock_timestamp(), last_seq = last_seq + 1,
           epoch = CASE WHEN p_epoch IS NULL THEN epoch + 1 ELSE epoch END,
           lease_owner = NULL, lease_expires_at = NULL
     WHERE id = p_id
       AND CASE WHEN p_epoch IS NULL THEN state = 'queued' ELSE state = 'running' AND epoch = p_epoch END
    RETURNING * INTO v_job;
    IF NOT FOUND THEN
        IF p_epoch IS NULL THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'lease of job % lost', p_id USING errcode = 'LL001';
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    VALUES (p_id, v_job.last_seq, almanac.final_type(v_job.kind), coalesce(p_data, json_build_object(
        'status', CASE WHEN p_state = 'dead' THEN 'failed' ELSE p_state END, 'error', p_error)::text));
    IF p_reflect THEN
        PERFORM almanac.reflect(v_job);
    END IF;
    RETURN v_job.last_seq;
END
$$;

-- Hand back: running -> queued under the holder's epoch. A retry verdict counts an attempt and waits; a drain or an
-- outage counts nothing and goes on at once, in its old place (run_at is left alone).
CREATE FUNCTION almanac.hand_back(p_id uuid, p_epoch bigint, p_retry_in interval) RETURNS boolean
LANGUAGE sql
AS $$
    WITH given AS (
        UPDATE almanac.jobs
           SET state = 'queued', lease_owner = NULL, lease_expires_at = NULL,
               attempt = attempt + (p_retry_in IS NOT NULL)::int,
               run_at = CASE WHEN p_retry_in IS NULL THEN run_at ELSE clock_timestamp() + p_retry_in END
         WHERE id = p_id AND epoch = p_epoch AND state = 'running'
        RETURNING 1)
    SELECT EXISTS (SELECT FROM given)
$$;

-- Reap: expired leases go back to the queue with a crash counted and run_at untouched, so a rescued job goes first.
-- State and time are checked again in the very UPDATE. Too many crashes: poison, through finish().
CREATE FUNCTION almanac.reap(p_max_crashes int) RETURNS TABLE (id uuid, lane text, state text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_id uuid;
    v_job almanac.jobs;
BEGIN
    FOR v_id IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.state = 'running' AND j.lease_expires_at < clock_timestamp()
         ORDER BY j.lease_expires_at
         LIMIT 200
           FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE almanac.jobs j
           SET state = 'queued', crashes = crashes + 1, lease_owner = NULL, lease_expires_at = NULL
         WHERE j.id = v_id AND j.state = 'running' AND j.lease_expires_at < clock_timestamp()
        RETURNING j.* INTO v_job;
        CONTINUE WHEN NOT FOUND;
        IF v_job.crashes >= p_max_crashes THEN
            PERFORM almanac.finish(v_id, NULL, 'dead', jsonb_build_object(
                'code', 'POISON', 'message', 'This job stopped its worker too often and was given up.'), NULL);
            v_job.state := 'dead';
        END IF;
        id := v_id;
        lane := v_job.lane;
        state := v_job.state;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Jobs that nobody started in time end as failed / QUEUE_TIMEOUT and free their slot (D6).
CREATE FUNCTION almanac.give_up_unstarted() RETURNS SETOF uuid
LANGUAGE plpgsql
AS $$
DECLARE
    v_id uuid;
BEGIN
    FOR v_id IN
        SELECT j.id FROM almanac.jobs j
         WHERE j.state = 'queued' AND j.started_at IS NULL AND j.start_by < clock_timestamp()
         LIMIT 200
           FOR UPDATE SKIP LOCKED
    LOOP
        IF almanac.finish(v_id, NULL, 'failed', jsonb_build_object('code', 'QUEUE_TIMEOUT',
            'message', 'Nothing could start this in time. Please try again.'), NULL) IS NOT NULL THEN
            RETURN NEXT v_id;
        END IF;
    END LOOP;
END
$$;

-- Cancel, by its owner: a queued job ends at once, a running one is asked to.
-- Answers missing · final · ended · cancelling.
CREATE FUNCTION almanac.cancel_job(p_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    SELECT * INTO v_job FROM almanac.jobs WHERE id = p_id AND user_id = almanac.uid() FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'missing';
    ELSIF v_job.finished_at IS NOT NULL THEN
        RETURN 'final';
    ELSIF v_job.state = 'queued' THEN
        PERFORM almanac.finish(p_id, NULL, 'cancelled', jsonb_build_object(
            'code', 'CANCELLED', 'message', 'Cancelled before it started.'), NULL);
        RETURN 'ended';
    END IF;
    UPDATE almanac.jobs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()) WHERE id = p_id;
    RETURN 'cancelling';
END
$$;
GRANT EXECUTE ON FUNCTION almanac.cancel_job TO authenticated;

-- Tail: what followed in several logs, in one read. Whoever calls has checked ownership when the stream began.
CREATE FUNCTION almanac.tail(p_jobs uuid[], p_after bigint[], p_max int)
RETURNS TABLE (job_id uuid, seq bigint, type text, data text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT e.job_id, e.seq, e.type, e.data
      FROM unnest(p_jobs, p_after) AS w (job_id, after)
      JOIN almanac.jobs j ON j.id = w.job_id AND j.last_seq > w.after
     CROSS JOIN LATERAL (
           SELECT * FROM almanac.job_events e
            WHERE e.job_id = w.job_id AND e.seq > w.after
            ORDER BY e.seq
            LIMIT p_max) AS e
$$;
GRANT EXECUTE ON FUNCTION almanac.tail TO almanac_api;

-- How busy a job's lane is, for its owner's question why it waits: counts only, nothing of anybody's job.
CREATE FUNCTION almanac.lane_load(p_id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT jsonb_build_object(
               'ahead', (SELECT count(*) FROM (
                    SELECT FROM almanac.jobs o WHERE o.lane = j.lane AND o.state = 'queued' AND o.run_at < j.run_at
                     LIMIT 1000) AS waiting),
               'running', (SELECT count(*) FROM almanac.jobs r WHERE r.state = 'running' AND r.lane = j.lane))
      FROM almanac.jobs j
     WHERE j.id = p_id
$$;
GRANT EXECUTE ON FUNCTION almanac.lane_load TO almanac_api;

-- Opens the ledger row of one model call, under the fence. Calls of earlier leases that never ended are marked
-- unknown: they may have been paid for. Null when the step has used up its calls, over all attempts (API.md 4).
CREATE FUNCTION almanac.open_call(
    p_call uuid, p_job uuid, p_epoch bigint, p_step text, p_provider text, p_model text, p_max_calls int)
RETURNS int
LANGUAGE plpgsql
AS $$
DECLARE
    v_made int;
BEGIN
    PERFORM almanac.fence(p_job, p_epoch);
    IF p_epoch > 1 THEN
        UPDATE almanac.llm_calls SET state = 'unknown', finished_at = clock_timestamp()
         WHERE job_id = p_job AND state = 'started' AND epoch < p_epoch;
    END IF;
    SELECT count(*) INTO v_made FROM almanac.llm_calls WHERE job_id = p_job AND step = p_step;
    IF v_made >= p_max_calls THEN
        RETURN NULL;
    END IF;
    INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
    VALUES (p_call, p_job, p_epoch, p_step, p_provider, p_model);
    RETURN v_made + 1;
END
$$;

-- Closes the ledger row of a call. The first end counts.
CREATE FUNCTION almanac.close_call(
    p_call uuid, p_state text, p_tokens_input int, p_tokens_output int, p_cost_usd text, p_provider_ref text,
    p_error jsonb)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.llm_calls
       SET state = p_state, tokens_input = p_tokens_input, tokens_output = p_tokens_output,
           cost_usd = p_cost_usd::numeric, provider_ref = p_provider_ref, error = p_error,
           finished_at = clock_timestamp()
     WHERE id = p_call AND state = 'started';
END
$$;

GRANT EXECUTE ON FUNCTION almanac.claim, almanac.due, almanac.fence, almanac.emit, almanac.renew, almanac.finish,
    almanac.final_type, almanac.hand_back, almanac.reap, almanac.give_up_unstarted, almanac.open_call,
    almanac.close_call, almanac.reflect TO almanac_worker;
