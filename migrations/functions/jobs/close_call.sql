-- Closes the ledger row of a call. The first end counts. p_end: {"call", "state", "tokens_input", "tokens_output",
-- "cost_usd", "provider_ref", "error"}.
CREATE OR REPLACE FUNCTION almanac.close_call(p_end jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE almanac.llm_calls
       SET state = p_end ->> 'state', tokens_input = (p_end ->> 'tokens_input')::int,
           tokens_output = (p_end ->> 'tokens_output')::int, cost_usd = (p_end ->> 'cost_usd')::numeric,
           provider_ref = p_end ->> 'provider_ref', error = nullif(p_end -> 'error', 'null'),
           finished_at = clock_timestamp()
     WHERE id = (p_end ->> 'call')::uuid AND state = 'started';
END
$$;
REVOKE ALL ON FUNCTION almanac.close_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.close_call TO almanac_worker;
