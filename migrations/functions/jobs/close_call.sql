-- Closes the ledger row of a call. The first end counts.
CREATE OR REPLACE FUNCTION almanac.close_call(
    p_call uuid, p_state text, p_tokens_input int, p_tokens_output int, p_cost_usd text, p_provider_ref text,
    p_error jsonb)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.llm_calls
       SET state = p_state, tokens_input = p_tokens_input, tokens_output = p_tokens_output,
           cost_usd = p_cost_usd::numeric, provider_ref = p_provider_ref, error = p_error,
           finished_at = clock_timestamp()
     WHERE id = p_call AND state = 'started';
END
$$;
REVOKE ALL ON FUNCTION almanac.close_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.close_call TO almanac_worker;
