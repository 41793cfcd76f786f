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
    v_held uuid[];
    v_kind record;
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
    v_skipped := ARRAY(
        SELECT j.id FROM almanac.jobs j
         WHERE j.id = ANY (v_jobs)
           AND (j.error ? 'excerpt'
                OR EXISTS (SELECT FROM almanac.llm_calls c WHERE c.job_id = j.id AND c.error ? 'excerpt')));
    FOR v_kind IN
        SELECT k.domain_table, k.on_prune, array_agg(j.user_id) AS users, array_agg(j.id) AS ids
          FROM almanac.jobs j JOIN almanac.job_kinds k ON k.kind = j.kind
         WHERE j.id = ANY (v_jobs) AND k.domain_table IS NOT NULL
         GROUP BY k.kind
    LOOP
        IF v_kind.on_prune IS NOT NULL THEN
            EXECUTE format('SELECT %s($1, $2)', v_kind.on_prune) INTO v_held USING v_kind.users, v_kind.ids;
        ELSE
            EXECUTE format(
                'UPDATE %1$s u SET error = u.error - ''excerpt''
                  WHERE u.ctid = ANY (ARRAY(
                        SELECT d.ctid FROM unnest($1, $2) AS j (user_id, id)
                          JOIN %1$s d ON d.user_id = j.user_id AND d.id = j.id
                         WHERE d.error ? ''excerpt''
                           FOR NO KEY UPDATE OF d SKIP LOCKED))', v_kind.domain_table)
              USING v_kind.users, v_kind.ids;
            EXECUTE format(
                'SELECT ARRAY(SELECT d.id FROM unnest($1, $2) AS j (user_id, id)
                                JOIN %s d ON d.user_id = j.user_id AND d.id = j.id
                               WHERE d.error ? ''excerpt'')', v_kind.domain_table)
               INTO v_held USING v_kind.users, v_kind.ids;
        END IF;
        v_skipped := v_skipped || v_held;
    END LOOP;
    v_skipped := ARRAY(SELECT DISTINCT s.id FROM unnest(v_skipped) AS s (id));
    UPDATE almanac.retention SET skipped = v_skipped WHERE what = 'texts' AND skipped <> v_skipped;
    RETURN cardinality(v_jobs) - cardinality(v_skipped);
END
$$;
REVOKE ALL ON FUNCTION almanac.prune_texts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.prune_texts TO almanac_worker;
