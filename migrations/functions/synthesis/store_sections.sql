-- Hook on_save: adds sections to syntheses. Items: {title, summary, articles}.
CREATE OR REPLACE FUNCTION almanac.store_sections(p_jobs almanac.jobs[], p_items jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_job almanac.jobs;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        UPDATE almanac.syntheses s SET sections = s.sections || p_items[i]
         WHERE s.user_id = v_job.user_id AND s.id = v_job.id;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.store_sections FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.store_sections TO almanac_worker;
