-- Adds one delivery with its job for each recipient of a fire that has none yet. p_ids: ids for the jobs, a JSON array as
-- long as a schedule has recipients. Returns the number of deliveries that are on their way.
CREATE OR REPLACE FUNCTION almanac.add_deliveries(
    p_job almanac.jobs, p_run almanac.schedule_runs, p_synthesis almanac.syntheses, p_ids jsonb)
RETURNS int
LANGUAGE plpgsql
AS $$
DECLARE
    v_recipient record;
    v_key text;
    v_added int := 0;
BEGIN
    FOR v_recipient IN
        SELECT e.address, (p_ids ->> (e.place::int - 1))::uuid AS id
          FROM jsonb_array_elements_text(p_run.emails) WITH ORDINALITY AS e (address, place)
    LOOP
        v_key := 'synthesis/' || p_run.theme_id || '/' || p_run.fire_date || '/'
              || encode(almanac.address_hash(v_recipient.address), 'hex');
        CONTINUE WHEN EXISTS (SELECT FROM almanac.email_deliveries d WHERE d.dedupe_key = v_key);
        INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, time_limit, trace, request_id)
        SELECT v_recipient.id, p_job.user_id, k.kind, k.lane, k.subject_type, v_recipient.id::text, k.time_limit,
               p_job.trace, p_job.request_id
          FROM almanac.job_kinds k WHERE k.kind = 'email.send';
        INSERT INTO almanac.email_deliveries (user_id, id, synthesis_id, theme_id, fire_date, address, dedupe_key)
        VALUES (p_job.user_id, v_recipient.id, p_synthesis.id, p_run.theme_id, p_run.fire_date, v_recipient.address,
                v_key);
        v_added := v_added + 1;
    END LOOP;
    RETURN v_added;
END
$$;
REVOKE ALL ON FUNCTION almanac.add_deliveries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.add_deliveries TO almanac_worker;
