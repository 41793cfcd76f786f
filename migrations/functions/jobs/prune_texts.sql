-- Deletes what models were given and answered for at most p_max expired jobs and for those that earlier rounds skipped:
-- texts of generations, and excerpts in errors. The request of a run is part of the run and goes with it. Rows that
-- another transaction holds are left out, and their jobs are skipped until a later round. Returns the number of jobs that
-- have nothing left; 0 if none was found.
CREATE OR REPLACE FUNCTION almanac.prune_texts(p_days int, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_jobs uuid[] := almanac.expired('texts', p_days, p_max);
    v_skipped uuid[];
BEGIN
    IF coalesce(cardinality(v_jobs), 0) = 0 THEN
        RETURN 0;
    END IF;
    UPDATE almanac.llm_calls u SET error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT c.ctid FROM almanac.llm_calls c
            WHERE c.job_id = ANY (v_jobs) AND c.error ? 'excerpt'
              FOR NO KEY UPDATE SKIP LOCKED));
    UPDATE almanac.jobs u SET error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT j.ctid FROM almanac.jobs j
            WHERE j.id = ANY (v_jobs) AND j.error ? 'excerpt'
              FOR NO KEY UPDATE SKIP LOCKED));
    UPDATE almanac.ai_generations u SET source_text = NULL, error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT g.ctid FROM almanac.jobs j
             JOIN almanac.ai_generations g ON g.user_id = j.user_id AND g.id = j.id
            WHERE j.id = ANY (v_jobs) AND (g.source_text IS NOT NULL OR g.error ? 'excerpt')
              FOR NO KEY UPDATE OF g SKIP LOCKED));
    UPDATE almanac.calendar_runs u SET error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT r.ctid FROM almanac.jobs j
             JOIN almanac.calendar_runs r ON r.user_id = j.user_id AND r.id = j.id
            WHERE j.id = ANY (v_jobs) AND r.error ? 'excerpt'
              FOR NO KEY UPDATE OF r SKIP LOCKED));
    UPDATE almanac.organic_runs u SET error = u.error - 'excerpt'
     WHERE u.ctid = ANY (ARRAY(
           SELECT r.ctid FROM almanac.jobs j
             JOIN almanac.organic_runs r ON r.user_id = j.user_id AND r.id = j.id
            WHERE j.id = ANY (v_jobs) AND r.error ? 'excerpt'
              FOR NO KEY UPDATE OF r SKIP LOCKED));

    v_skipped := ARRAY(
        SELECT j.id FROM almanac.jobs j
         WHERE j.id = ANY (v_jobs)
           AND (j.error ? 'excerpt'
                OR EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id AND c.error ? 'excerpt')
                OR EXISTS (SELECT FROM almanac.ai_generations g
                            WHERE g.user_id = j.user_id AND g.id = j.id
                              AND (g.source_text IS NOT NULL OR g.error ? 'excerpt'))
                OR EXISTS (SELECT FROM almanac.calendar_runs r
                            WHERE r.user_id = j.user_id AND r.id = j.id AND r.error ? 'excerpt')
                OR EXISTS (SELECT FROM almanac.organic_runs r
                            WHERE r.user_id = j.user_id AND r.id = j.id AND r.error ? 'excerpt')));
    UPDATE almanac.retention SET skipped = v_skipped WHERE what = 'texts' AND skipped <> v_skipped;
    RETURN cardinality(v_jobs) - cardinality(v_skipped);
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_texts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_texts TO almanac_worker;
