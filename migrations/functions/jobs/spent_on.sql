-- The usage of all calls of a job, as the final events of all kinds report it. Values that were not counted are null.
CREATE OR REPLACE FUNCTION almanac.spent_on(
    p_job uuid, OUT tokens_input int, OUT tokens_output int, OUT cost_usd numeric)
LANGUAGE sql STABLE
AS $$
    SELECT sum(c.tokens_input)::int, sum(c.tokens_output)::int, trim_scale(sum(c.cost_usd))
      FROM almanac.llm_calls c WHERE c.job_id = p_job
$$;
REVOKE ALL ON FUNCTION almanac.spent_on FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.spent_on TO almanac_worker;
