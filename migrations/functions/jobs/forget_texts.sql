-- Deletes what models were given and answered for at most p_max expired jobs: texts of generations, and excerpts in
-- errors. The request of a run is part of the run and goes with it.
CREATE OR REPLACE FUNCTION almanac.forget_texts(p_days int, p_max int) RETURNS bigint
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_jobs uuid[] := almanac.outlived('texts', p_days, p_max);
BEGIN
    UPDATE almanac.llm_calls SET error = error - 'excerpt' WHERE job_id = ANY (v_jobs) AND error ? 'excerpt';
    UPDATE almanac.jobs SET error = error - 'excerpt' WHERE id = ANY (v_jobs) AND error ? 'excerpt';
    UPDATE almanac.ai_generations g SET source_text = NULL, error = g.error - 'excerpt'
      FROM almanac.jobs j
     WHERE j.id = ANY (v_jobs) AND g.user_id = j.user_id AND g.id = j.id;
    UPDATE almanac.calendar_runs r SET error = r.error - 'excerpt'
      FROM almanac.jobs j
     WHERE j.id = ANY (v_jobs) AND r.user_id = j.user_id AND r.id = j.id AND r.error ? 'excerpt';
    UPDATE almanac.organic_runs r SET error = r.error - 'excerpt'
      FROM almanac.jobs j
     WHERE j.id = ANY (v_jobs) AND r.user_id = j.user_id AND r.id = j.id AND r.error ? 'excerpt';
    RETURN coalesce(cardinality(v_jobs), 0);
END
$$;
REVOKE ALL ON FUNCTION almanac.forget_texts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.forget_texts TO almanac_worker;
