-- What became of a request that mails while the attempt goes on: the mail may be sent again, because it was certainly not
-- taken, or because its provider takes a key once; p_proof says which. p_unknown: it may have been taken.
CREATE OR REPLACE FUNCTION almanac.note_mail(p_job uuid, p_epoch bigint, p_proof text, p_unknown boolean) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_user uuid := (almanac.fence(p_job, p_epoch)).user_id;
BEGIN
    UPDATE almanac.effects e
       SET state = 'planned', last_error = jsonb_build_object('proof', p_proof)
      FROM almanac.email_deliveries d
     WHERE d.user_id = v_user AND d.id = p_job AND e.dedupe_key = d.dedupe_key AND e.state IN ('sending', 'unknown');
    IF p_unknown THEN
        UPDATE almanac.email_deliveries d SET unknown_since = coalesce(d.unknown_since, clock_timestamp())
         WHERE d.user_id = v_user AND d.id = p_job;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION almanac.note_mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.note_mail TO almanac_worker;
