-- How long an ended job took from its first start; nothing for one that never started.
CREATE OR REPLACE FUNCTION almanac.latency_ms(p_job almanac.jobs) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce((extract(epoch FROM p_job.finished_at - p_job.started_at) * 1000)::bigint, 0) $$;
REVOKE ALL ON FUNCTION almanac.latency_ms FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.latency_ms TO almanac_worker;
