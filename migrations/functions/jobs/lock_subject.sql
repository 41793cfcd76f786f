-- lock_domain_rows() for one job: false if another transaction holds one of its rows.
CREATE OR REPLACE FUNCTION almanac.lock_subject(p_job almanac.jobs) RETURNS boolean
LANGUAGE sql
AS $$ SELECT cardinality(almanac.lock_domain_rows(ARRAY[p_job])) = 0 $$;
REVOKE ALL ON FUNCTION almanac.lock_subject FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_subject TO almanac_worker;
