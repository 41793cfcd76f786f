-- Keeps what the channel's answers gave, under the lease, before a later request uses it; and since when the attempt
-- waits for the channel, if p_waits. Returns for how long it has waited.
CREATE OR REPLACE FUNCTION almanac.keep_known(p_job uuid, p_epoch bigint, p_known jsonb, p_waits boolean) RETURNS interval
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
    v_now timestamptz := clock_timestamp();
    v_since timestamptz;
BEGIN
    UPDATE almanac.publish_intents i
       SET known = p_known, updated_at = v_now,
           waiting_since = CASE WHEN p_waits THEN coalesce(i.waiting_since, v_now) ELSE i.waiting_since END
      FROM almanac.publish_attempts a
     WHERE a.user_id = v_user AND a.id = p_job AND i.user_id = a.user_id AND i.id = a.intent_id
    RETURNING i.waiting_since INTO v_since;
    RETURN coalesce(v_now - v_since, interval '0');
END
$$;
REVOKE ALL ON FUNCTION almanac.keep_known FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.keep_known TO almanac_worker;
