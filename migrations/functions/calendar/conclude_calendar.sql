-- Ends a run: last entries, call, totals over all calls, verdict and, for a first run, its entries as the calendar's.
CREATE OR REPLACE FUNCTION almanac.conclude_calendar(
    p_job uuid, p_epoch bigint, p_after int, p_ids uuid[], p_keys text[], p_fields jsonb[],
    p_types text[], p_data text[], p_progress jsonb,
    p_call uuid, p_call_state text, p_tokens_input int, p_tokens_output int, p_cost_usd text, p_provider_ref text,
    p_call_error jsonb, p_metadata jsonb, p_latency_ms bigint, p_added int, p_updated int, p_removed int,
    p_state text, p_error jsonb, p_final text)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid;
    v_seq bigint;
BEGIN
    IF cardinality(p_types) > 0 THEN
        PERFORM almanac.save_calendar_entries(
            p_job, p_epoch, p_after, p_ids, p_keys, p_fields, p_types, p_data, p_progress);
    END IF;
    -- Refuses a lease that is gone; nothing before it stays then.
    v_seq := almanac.finish(p_job, p_epoch, p_state, p_error, p_final, false);
    IF p_call IS NOT NULL THEN
        PERFORM almanac.close_call(
            p_call, p_call_state, p_tokens_input, p_tokens_output, p_cost_usd, p_provider_ref, p_call_error);
    END IF;
    SELECT user_id INTO v_user FROM almanac.jobs WHERE id = p_job;
    UPDATE almanac.calendar_runs
       SET status = p_state, error = p_error, finished_at = clock_timestamp(), ai_metadata = p_metadata,
           latency_ms = p_latency_ms, added = p_added, updated = p_updated, removed = p_removed
     WHERE user_id = v_user AND id = p_job;
    PERFORM almanac.close_run(v_user, p_job);
    RETURN v_seq;
END
$$;
REVOKE ALL ON FUNCTION almanac.conclude_calendar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.conclude_calendar TO almanac_worker;
