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
    v_of int;
    v_held almanac.jobs[];
    v_free uuid[];
    v_ended almanac.jobs[];
    v_places int[];     -- of v_ended
    v_calls jsonb[];
    -- By place: the number of events, and the seq before the first, of those that end here.
    v_events int[] := array_fill(0, ARRAY[cardinality(p_jobs)]);
    v_before bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(p_jobs)]);
BEGIN
    -- Each row is looked up for itself; a join of both lists may be planned as a walk over all keys.
    v_held := ARRAY(
        SELECT held.job
          FROM unnest(p_jobs, p_epochs) AS u (id, epoch)
         CROSS JOIN LATERAL (
               SELECT j AS job FROM almanac.jobs j
                WHERE j.id = u.id AND j.epoch = u.epoch AND j.state = 'running'
                  FOR NO KEY UPDATE SKIP LOCKED) AS held);
    v_free := almanac.lock_domain_rows(v_held);
    v_free := ARRAY(SELECT j.id FROM unnest(v_held) AS j WHERE j.id <> ALL (v_free));
    IF cardinality(v_free) < cardinality(p_jobs) THEN
        RETURN QUERY
        SELECT u.place::int, NULL::bigint, true
          FROM unnest(p_jobs, p_epochs) WITH ORDINALITY AS u (id, epoch, place)
         CROSS JOIN LATERAL (
               SELECT FROM almanac.jobs j
                WHERE j.id = u.id AND j.epoch = u.epoch AND j.state = 'running'
                LIMIT 1) AS busy
         WHERE u.id <> ALL (v_free);
    END IF;
    FOREACH v_of IN ARRAY p_e_of LOOP
        v_events[v_of] := v_events[v_of] + 1;
    END LOOP;
    WITH ended AS (
        UPDATE almanac.jobs j
           SET finished_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL,
               (state, error, last_seq, progress) = (
                   SELECT p_states[place], p_errors[place], j.last_seq + v_events[place] + 1,
                          coalesce(p_progress[place], j.progress)
                     FROM array_position(p_jobs, j.id) AS place)
         WHERE j.id = ANY (v_free)
        RETURNING j AS job)
    SELECT coalesce(array_agg(e.job), '{}'), coalesce(array_agg(array_position(p_jobs, (e.job).id)), '{}')
      INTO v_ended, v_places
      FROM ended e;
    FOR i IN 1 .. cardinality(v_places) LOOP
        n := v_places[i];
        seq := (v_ended[i]).last_seq;
        busy := false;
        v_before[n] := seq - 1 - v_events[n];
        RETURN NEXT;
    END LOOP;
    v_calls := ARRAY(SELECT p_calls[place] FROM unnest(v_places) AS place WHERE p_calls[place] IS NOT NULL);
    IF cardinality(v_calls) > 0 THEN
        PERFORM almanac.close_calls(v_calls);
    END IF;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT p_jobs[e.of], v_before[e.of] + row_number() OVER (PARTITION BY e.of ORDER BY e.place), e.type, e.data
      FROM unnest(p_e_of, p_e_types, p_e_data) WITH ORDINALITY AS e (of, type, data, place)
     WHERE v_before[e.of] IS NOT NULL;
    PERFORM almanac.write_ends(
        v_ended, ARRAY(SELECT p_results[v_places[i]] FROM generate_subscripts(v_places, 1) AS i ORDER BY i),
        ARRAY(SELECT p_finals[v_places[i]] FROM generate_subscripts(v_places, 1) AS i ORDER BY i));
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_jobs TO almanac_worker;
