-- Copies the domain row of a retried job under the new job's id: its own resource, from the same request.
-- False if what the request was made from is no longer stored.
CREATE OR REPLACE FUNCTION almanac.clone_for_retry(p_old almanac.jobs, p_new uuid) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_calendar uuid;
    v_version int;
BEGIN
    CASE p_old.kind
        WHEN 'flashcards.generate' THEN
            INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
            SELECT p_new, g.user_id, g.source_text, g.model, g.prompt_version
              FROM almanac.ai_generations g
             WHERE g.user_id = p_old.user_id AND g.id = p_old.id AND g.source_text IS NOT NULL;
            RETURN FOUND;
        WHEN 'calendar.generate' THEN
            SELECT r.calendar_id INTO v_calendar FROM almanac.calendar_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
            UPDATE almanac.calendars c SET version = c.version + 1, updated_at = clock_timestamp()
             WHERE c.user_id = p_old.user_id AND c.id = v_calendar
            RETURNING c.version INTO v_version;
            INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, plan_id, model,
                                               prompt_version)
            SELECT p_new, r.user_id, r.calendar_id, v_version, r.first, r.request, r.slots, r.plan_id, r.model,
                   r.prompt_version
              FROM almanac.calendar_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id AND v_version IS NOT NULL;
            RETURN FOUND;
        WHEN 'organic.generate' THEN
            INSERT INTO almanac.organic_runs (id, user_id, brand_id, week_start, request, model, prompt_version)
            SELECT p_new, r.user_id, r.brand_id, r.week_start, r.request, r.model, r.prompt_version
              FROM almanac.organic_runs r
             WHERE r.user_id = p_old.user_id AND r.id = p_old.id;
            RETURN FOUND;
        ELSE
            RETURN true;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION almanac.clone_for_retry FROM PUBLIC;
