-- Published intents whose channel is to be asked for the address of the post now, at most p_max, the longest overdue first,
-- with their accounts. Says when each is due again: after a quarter of its age, a minute at least; two days after it was
-- published it is not any more. Rows that another transaction holds are left out.
CREATE OR REPLACE FUNCTION almanac.take_late_addresses(p_max int)
RETURNS TABLE (intent almanac.publish_intents, account almanac.channel_credentials)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    FOR intent IN
        SELECT i.* FROM almanac.publish_intents i
         WHERE i.address_due_at <= v_now
         ORDER BY i.address_due_at
         LIMIT p_max
           FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        UPDATE almanac.publish_intents i
           SET address_due_at = CASE WHEN i.updated_at > v_now - interval '2 days'
                                     THEN v_now + greatest((v_now - i.updated_at) / 4, interval '1 min') END
         WHERE i.user_id = (intent).user_id AND i.id = (intent).id;
        SELECT c.* INTO account FROM almanac.channel_credentials c
         WHERE c.user_id = (intent).user_id AND c.channel = (intent).channel AND c.account_id = (intent).account_id;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION almanac.take_late_addresses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.take_late_addresses TO almanac_worker;
