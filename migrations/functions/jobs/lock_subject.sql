-- Locks the domain row of a job, and the parents of what its end inserts, without waiting. False if another transaction
-- holds one of them: the caller leaves the job for later, so that no batch waits for one member. True if there is no such
-- row any more.
CREATE OR REPLACE FUNCTION almanac.lock_subject(p_job almanac.jobs) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    v_calendar uuid;
BEGIN
    CASE p_job.kind
        WHEN 'flashcards.generate' THEN
            PERFORM FROM almanac.ai_generations g WHERE g.user_id = p_job.user_id AND g.id = p_job.id
                FOR NO KEY UPDATE SKIP LOCKED;
            RETURN FOUND OR NOT EXISTS (
                SELECT FROM almanac.ai_generations g WHERE g.user_id = p_job.user_id AND g.id = p_job.id);
        WHEN 'calendar.generate' THEN
            SELECT r.calendar_id INTO v_calendar FROM almanac.calendar_runs r
             WHERE r.user_id = p_job.user_id AND r.id = p_job.id
               FOR NO KEY UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                RETURN NOT EXISTS (
                    SELECT FROM almanac.calendar_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id);
            END IF;
            PERFORM FROM almanac.calendars c WHERE c.user_id = p_job.user_id AND c.id = v_calendar
                FOR KEY SHARE SKIP LOCKED;
            RETURN FOUND;
        WHEN 'organic.generate' THEN
            PERFORM FROM almanac.organic_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id
                FOR NO KEY UPDATE SKIP LOCKED;
            RETURN FOUND OR NOT EXISTS (
                SELECT FROM almanac.organic_runs r WHERE r.user_id = p_job.user_id AND r.id = p_job.id);
        ELSE
            RETURN true;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION almanac.lock_subject FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.lock_subject TO almanac_worker;
