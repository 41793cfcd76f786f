-- Ends a batch of generations: last suggestions and their events, verdict, call, totals over all calls. One row per
-- generation in the first arrays; p_s_of and p_e_of name the generation (from 1) of a suggestion or an event. Returns the
-- place and the final seq of those whose lease still held; nothing is written for the others. One of which another
-- transaction holds a row is `busy`: nothing of it is written, and the caller tries it again alone. A refused row refuses
-- the batch: the caller repeats it one by one.
CREATE OR REPLACE FUNCTION almanac.finish_generations(
    p_jobs uuid[], p_epochs bigint[], p_afters int[], p_progress jsonb[],
    p_calls uuid[], p_call_states text[], p_tokens_input int[], p_tokens_output int[], p_costs text[],
    p_provider_refs text[], p_call_errors jsonb[], p_metadata jsonb[], p_states text[], p_errors jsonb[],
    p_finals text[],
    p_s_of int[], p_s_ids uuid[], p_s_keys text[], p_s_fronts text[], p_s_backs text[],
    p_e_of int[], p_e_types text[], p_e_data text[])
RETURNS TABLE (n int, seq bigint, busy boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_end record;
    v_user uuid;
    v_kind text;
    -- By place: the owner, and the seq before the first event, of those whose lease still held.
    v_users uuid[] := array_fill(NULL::uuid, ARRAY[cardinality(p_jobs)]);
    v_before bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(p_jobs)]);
BEGIN
    FOR v_end IN
        SELECT t.*, coalesce(e.events, 0) AS events
          FROM unnest(p_jobs, p_epochs, p_afters, p_progress, p_calls, p_call_states, p_tokens_input, p_tokens_output,
                      p_costs, p_provider_refs, p_call_errors, p_metadata, p_states, p_errors, p_finals) WITH ORDINALITY
            AS t (job, epoch, after, progress, call, call_state, tokens_input, tokens_output, cost, provider_ref,
                  call_error, metadata, state, error, final, place)
          LEFT JOIN (SELECT of, count(*) AS events FROM unnest(p_e_of) AS of GROUP BY of) AS e ON e.of = t.place
         ORDER BY t.job
    LOOP
        UPDATE almanac.jobs j
           SET state = v_end.state, error = v_end.error, finished_at = clock_timestamp(),
               last_seq = j.last_seq + v_end.events + 1, progress = coalesce(v_end.progress, j.progress),
               lease_owner = NULL, lease_expires_at = NULL
         WHERE j.id = (
               SELECT free.id FROM almanac.jobs free
                WHERE free.id = v_end.job AND free.epoch = v_end.epoch AND free.state = 'running'
                  AND almanac.lock_subject(free)
                  FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING j.user_id, j.last_seq, j.kind INTO v_user, seq, v_kind;
        busy := NOT FOUND;
        n := v_end.place;
        IF busy THEN
            IF EXISTS (SELECT FROM almanac.jobs j
                        WHERE j.id = v_end.job AND j.epoch = v_end.epoch AND j.state = 'running') THEN
                seq := NULL;
                RETURN NEXT;
            END IF;
            CONTINUE;
        END IF;
        IF v_end.call IS NOT NULL THEN
            UPDATE almanac.llm_calls c
               SET state = v_end.call_state, tokens_input = v_end.tokens_input, tokens_output = v_end.tokens_output,
                   cost_usd = v_end.cost::numeric, provider_ref = v_end.provider_ref, error = v_end.call_error,
                   finished_at = clock_timestamp()
             WHERE c.id = v_end.call AND c.state = 'started';
        END IF;
        UPDATE almanac.ai_generations g
           SET status = CASE WHEN v_end.state IN ('succeeded', 'cancelled') THEN v_end.state ELSE 'failed' END,
               error = v_end.error, finished_at = clock_timestamp(), ai_metadata = v_end.metadata,
               (tokens_input, tokens_output, cost_usd) = (
                   SELECT sum(c.tokens_input), sum(c.tokens_output), sum(c.cost_usd)
                     FROM almanac.llm_calls c
                    WHERE c.job_id = v_end.job)
         WHERE g.user_id = v_user AND g.id = v_end.job;
        INSERT INTO almanac.job_events (job_id, seq, type, data)
        VALUES (v_end.job, seq, almanac.final_type(v_kind), v_end.final);
        v_users[n] := v_user;
        v_before[n] := seq - v_end.events - 1;
        RETURN NEXT;
    END LOOP;
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT s.id, v_users[s.of], p_jobs[s.of], p_afters[s.of] + row_number() OVER (PARTITION BY s.of ORDER BY s.place)::int,
           s.front_key, s.front, s.back
      FROM unnest(p_s_of, p_s_ids, p_s_keys, p_s_fronts, p_s_backs) WITH ORDINALITY
        AS s (of, id, front_key, front, back, place)
     WHERE v_users[s.of] IS NOT NULL;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_jobs[e.of], v_before[e.of] + row_number() OVER (PARTITION BY e.of ORDER BY e.place), e.type, e.data
      FROM unnest(p_e_of, p_e_types, p_e_data) WITH ORDINALITY AS e (of, type, data, place)
     WHERE v_users[e.of] IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_generations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_generations TO almanac_worker;
