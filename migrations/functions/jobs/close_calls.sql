-- Closes the ledger rows of calls. The first end of a call counts. Each of p_ends: {"call", "state", "tokens_input",
-- "tokens_output", "cost_usd", "provider_ref", "error"}.
CREATE OR REPLACE FUNCTION almanac.close_calls(p_ends jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_calls uuid[] := ARRAY(SELECT (p_ends[place] ->> 'call')::uuid
                              FROM generate_subscripts(p_ends, 1) AS place
                             ORDER BY place);
BEGIN
    UPDATE almanac.llm_calls c
       SET finished_at = clock_timestamp(),
           (state, tokens_input, tokens_output, cost_usd, provider_ref, error) = (
               SELECT e.ended ->> 'state', (e.ended ->> 'tokens_input')::int, (e.ended ->> 'tokens_output')::int,
                      (e.ended ->> 'cost_usd')::numeric, e.ended ->> 'provider_ref', nullif(e.ended -> 'error', 'null')
                 FROM (SELECT p_ends[array_position(v_calls, c.id)] AS ended) AS e)
     WHERE c.id = ANY (v_calls) AND c.state = 'started';
END
$$;
REVOKE ALL ON FUNCTION almanac.close_calls FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.close_calls TO almanac_worker;
