-- Hook on_finish: ends deliveries and their effects, and fires whose last mail has ended. p_results: {"status", "effect",
-- "provider_ref"}; `effect` is null if nothing was sent. A job that ends without its worker may have sent the mail: then
-- only the provider can tell.
CREATE OR REPLACE FUNCTION almanac.finish_mails(p_jobs almanac.jobs[], p_results jsonb[])
RETURNS TABLE (n int, final text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_job almanac.jobs;
    v_result jsonb;
    v_delivery almanac.email_deliveries;
BEGIN
    FOR i IN 1 .. cardinality(p_jobs) LOOP
        v_job := p_jobs[i];
        v_result := p_results[i];
        SELECT d.* INTO v_delivery FROM almanac.email_deliveries d WHERE d.user_id = v_job.user_id AND d.id = v_job.id;
        IF NOT FOUND THEN
            -- Deleted with its theme. What may have been sent stays known.
            UPDATE almanac.effects e
               SET state = coalesce(v_result ->> 'effect', 'needs_review'), provider_ref = v_result ->> 'provider_ref'
             WHERE e.user_id = v_job.user_id AND e.job_id = v_job.id AND e.state IN ('sending', 'unknown');
            CONTINUE;
        END IF;
        IF v_result IS NULL THEN
            v_result := CASE
                WHEN v_delivery.unknown_since IS NOT NULL OR EXISTS (
                         SELECT FROM almanac.effects e
                          WHERE e.dedupe_key = v_delivery.dedupe_key AND e.state IN ('sending', 'unknown'))
                THEN '{"status": "needs_review", "effect": "needs_review"}'::jsonb
                ELSE jsonb_build_object(
                    'status', CASE v_job.state WHEN 'cancelled' THEN 'skipped' ELSE 'failed' END, 'effect', 'abandoned')
                END;
        END IF;
        UPDATE almanac.effects e
           SET state = v_result ->> 'effect', provider_ref = coalesce(v_result ->> 'provider_ref', e.provider_ref),
               last_error = v_job.error
         WHERE e.dedupe_key = v_delivery.dedupe_key AND v_result ->> 'effect' IS NOT NULL
           AND e.state IN ('planned', 'sending', 'unknown');
        UPDATE almanac.email_deliveries d
           SET status = CASE WHEN almanac.mail_rank(v_result ->> 'status') > almanac.mail_rank(d.status)
                             THEN v_result ->> 'status' ELSE d.status END,
               provider_ref = coalesce(v_result ->> 'provider_ref', d.provider_ref), error = v_job.error,
               updated_at = clock_timestamp()
         WHERE d.user_id = v_job.user_id AND d.id = v_job.id;
        IF v_delivery.fire_date IS NOT NULL THEN
            PERFORM almanac.finish_delivering(v_delivery);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.finish_mails FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.finish_mails TO almanac_worker;
