-- The end of running jobs as their workers report it: last results with their events, call, verdict, final event. One row
-- per job in the first arrays; p_e_of names the job (from 1) of an event. Returns the place and the final seq of those
-- whose lease still held; nothing is written for the others. One of which another transaction holds a row is `busy`:
-- nothing of it is written, and the caller tries it again alone. A refused row refuses the batch: the caller repeats it
-- one by one.
CREATE OR REPLACE FUNCTION almanac.finish_jobs(
    p_jobs uuid[], p_epochs bigint[], p_states text[], p_errors jsonb[], p_progress jsonb[], p_calls jsonb[],
    p_results jsonb[], p_finals text[], p_e_of int[], p_e_types text[], p_e_data text[])
RETURNS TABLE (n int, seq bigint, busy boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_place int;
    v_job almanac.jobs;
    v_found almanac.jobs[] := '{}';
    v_places int[] := '{}';
    v_busy uuid[];
    v_ended almanac.jobs[] := '{}';
    v_results jsonb[] := '{}';
    v_finals text[] := '{}';
    -- By place: the seq before the first event, of those that end here.
    v_before bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(p_jobs)]);
BEGIN
    FOR v_place IN SELECT place FROM unnest(p_jobs) WITH ORDINALITY AS j (id, place) ORDER BY j.id LOOP
        SELECT * INTO v_job FROM almanac.jobs j
         WHERE j.id = p_jobs[v_place] AND j.epoch = p_epochs[v_place] AND j.state = 'running'
           FOR NO KEY UPDATE SKIP LOCKED;
        IF FOUND THEN
            v_found := v_found || v_job;
            v_places := v_places || v_place;
        ELSIF EXISTS (SELECT FROM almanac.jobs j
                       WHERE j.id = p_jobs[v_place] AND j.epoch = p_epochs[v_place] AND j.state = 'running') THEN
            n := v_place;
            seq := NULL;
            busy := true;
            RETURN NEXT;
        END IF;
    END LOOP;
    v_busy := almanac.lock_domain_rows(v_found);
    FOREACH v_place IN ARRAY v_places LOOP
        n := v_place;
        busy := p_jobs[v_place] = ANY (v_busy);
        IF busy THEN
            seq := NULL;
            RETURN NEXT;
            CONTINUE;
        END IF;
        UPDATE almanac.jobs j
           SET state = p_states[v_place], error = p_errors[v_place], finished_at = clock_timestamp(),
               last_seq = j.last_seq + (SELECT count(*) FROM unnest(p_e_of) AS e (of) WHERE e.of = v_place) + 1,
               progress = coalesce(p_progress[v_place], j.progress), lease_owner = NULL, lease_expires_at = NULL
         WHERE j.id = p_jobs[v_place]
        RETURNING j.* INTO v_job;
        IF p_calls[v_place] IS NOT NULL THEN
            PERFORM almanac.close_call(p_calls[v_place]);
        END IF;
        v_ended := v_ended || v_job;
        v_results := v_results || p_results[v_place];
        v_finals := v_finals || p_finals[v_place];
        v_before[v_place] := v_job.last_seq - 1 - (SELECT count(*) FROM unnest(p_e_of) AS e (of) WHERE e.of = v_place);
        seq := v_job.last_seq;
        RETURN NEXT;
    END LOOP;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_jobs[e.of], v_before[e.of] + row_number() OVER (PARTITION BY e.of ORDER BY e.place), e.type, e.data
      FROM unnest(p_e_of, p_e_types, p_e_data) WITH ORDINALITY AS e (of, type, data, place)
     WHERE v_before[e.of] IS NOT NULL;
    PERFORM almanac.write_ends(v_ended, v_results, v_finals);
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_jobs TO almanac_worker;
