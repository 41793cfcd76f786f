-- Calls the kinds' on_start for jobs that have started for the first time, or that are queued again as if they had not.
CREATE OR REPLACE FUNCTION almanac.note_start(p_jobs almanac.jobs[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_kind record;
BEGIN
    FOR v_kind IN
        SELECT k.on_start, array_agg(j) AS jobs
          FROM unnest(p_jobs) AS j
          JOIN almanac.job_kinds k ON k.kind = j.kind
         WHERE k.on_start IS NOT NULL
         GROUP BY k.kind
    LOOP
        EXECUTE format('SELECT %s($1)', v_kind.on_start) USING v_kind.jobs;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.note_start FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.note_start TO almanac_worker;
