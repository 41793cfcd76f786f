-- Writes the ends of jobs whose rows are final already: last items through the kinds' on_save, the domain rows through
-- their on_finish, then each final event. p_results holds what a worker reports, with last items as "items"; null if the
-- job ends without its worker.
-- p_finals holds the final events' data; null: in the words of the kind. If the kind has failure events, the caller left
-- one seq for that of a failed job without a result.
CREATE OR REPLACE FUNCTION almanac.write_ends(p_jobs almanac.jobs[], p_results jsonb[], p_finals text[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_kind record;
    v_end record;
    v_finals text[] := p_finals;
BEGIN
    FOR v_kind IN
        SELECT k.on_save, k.on_finish, k.failure_event, coalesce(k.final_type, 'done') AS final_type,
               array_agg(p_jobs[place]) AS jobs, array_agg(p_results[place]) AS results, array_agg(place) AS places
          FROM generate_subscripts(p_jobs, 1) AS place
          LEFT JOIN almanac.job_kinds k ON k.kind = (p_jobs[place]).kind
         GROUP BY k.kind
    LOOP
        IF v_kind.on_save IS NOT NULL AND EXISTS (SELECT FROM unnest(v_kind.results) AS r (result)
                                                   WHERE jsonb_array_length(result -> 'items') > 0) THEN
            EXECUTE format('SELECT %s($1, $2)', v_kind.on_save)
              USING v_kind.jobs, ARRAY(SELECT coalesce(result -> 'items', '[]')
                                         FROM unnest(v_kind.results) WITH ORDINALITY AS r (result, place)
                                        ORDER BY place);
        END IF;
        IF v_kind.on_finish IS NOT NULL THEN
            FOR v_end IN EXECUTE format('SELECT n, final FROM %s($1, $2)', v_kind.on_finish)
                   USING v_kind.jobs, v_kind.results
            LOOP
                v_finals[v_kind.places[v_end.n]] := coalesce(v_finals[v_kind.places[v_end.n]], v_end.final);
            END LOOP;
        END IF;
        IF v_kind.failure_event THEN
            INSERT INTO almanac.job_events (job_id, seq, type, data)
            SELECT (p_jobs[place]).id, (p_jobs[place]).last_seq - 1, 'error', json_build_object(
                       'code', (p_jobs[place]).error ->> 'code', 'message', (p_jobs[place]).error ->> 'message')::text
              FROM unnest(v_kind.places) AS place
             WHERE p_results[place] IS NULL AND (p_jobs[place]).state IN ('failed', 'dead');
        END IF;
        INSERT INTO almanac.job_events (job_id, seq, type, data)
        SELECT (p_jobs[place]).id, (p_jobs[place]).last_seq, v_kind.final_type,
               coalesce(v_finals[place], json_build_object(
                   'status', CASE (p_jobs[place]).state WHEN 'dead' THEN 'failed' ELSE (p_jobs[place]).state END,
                   'error', (p_jobs[place]).error)::text)
          FROM unnest(v_kind.places) AS place;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.write_ends FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.write_ends TO almanac_worker;
