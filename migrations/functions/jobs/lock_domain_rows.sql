-- Locks the domain rows of jobs, and what the kinds' on_lock names beside them, without waiting. Returns the jobs of which
-- another transaction holds a row: the caller leaves them for later, so that no batch waits for one member. A job without
-- a domain row is never among them.
CREATE OR REPLACE FUNCTION almanac.lock_domain_rows(p_jobs almanac.jobs[]) RETURNS uuid[]
LANGUAGE plpgsql
AS $$
DECLARE
    v_kind record;
    v_locked uuid[];
    v_held uuid[];
    v_busy uuid[] := '{}';
BEGIN
    FOR v_kind IN
        SELECT k.domain_table, k.on_lock, array_agg(j.user_id) AS users, array_agg(j.id) AS ids
          FROM unnest(p_jobs) AS j
          JOIN almanac.job_kinds k ON k.kind = j.kind
         WHERE k.domain_table IS NOT NULL
         GROUP BY k.kind
    LOOP
        EXECUTE format(
            'SELECT ARRAY(SELECT d.id FROM unnest($1, $2) AS j (user_id, id)
                            JOIN %s AS d ON d.user_id = j.user_id AND d.id = j.id
                             FOR NO KEY UPDATE OF d SKIP LOCKED)', v_kind.domain_table)
           INTO v_locked USING v_kind.users, v_kind.ids;
        IF cardinality(v_locked) < cardinality(v_kind.ids) THEN
            EXECUTE format(
                'SELECT ARRAY(SELECT d.id FROM unnest($1, $2) AS j (user_id, id)
                                JOIN %s AS d ON d.user_id = j.user_id AND d.id = j.id
                               WHERE d.id <> ALL ($3))', v_kind.domain_table)
               INTO v_held USING v_kind.users, v_kind.ids, v_locked;
            v_busy := v_busy || v_held;
        END IF;
        IF v_kind.on_lock IS NOT NULL AND cardinality(v_locked) > 0 THEN
            EXECUTE format('SELECT %s($1, $2)', v_kind.on_lock) INTO v_held USING v_kind.users, v_kind.ids;
            v_busy := v_busy || v_held;
        END IF;
    END LOOP;
    RETURN v_busy;
END
$$;
REVOKE ALL ON FUNCTION almanac.lock_domain_rows FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_domain_rows TO almanac_worker;
