-- Writes the receipt of an intent that is final, and makes it the end of its user's chain.
CREATE OR REPLACE FUNCTION almanac.write_receipt(p_intent almanac.publish_intents) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_head almanac.publish_receipt_heads;
    v_receipt jsonb;
    v_hash text;
BEGIN
    INSERT INTO almanac.publish_receipt_heads (user_id) VALUES (p_intent.user_id) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT v_head FROM almanac.publish_receipt_heads h WHERE h.user_id = p_intent.user_id FOR NO KEY UPDATE;
    v_receipt := jsonb_build_object(
        'seq', v_head.count + 1, 'intentId', p_intent.id, 'payloadHash', p_intent.payload_hash,
        'planHash', (SELECT p.plan_hash FROM almanac.publish_plans p
                      WHERE p.user_id = p_intent.user_id AND p.id = p_intent.plan_id),
        'transport', p_intent.transport, 'approvedBy', p_intent.user_id,
        'account', jsonb_build_object('channel', p_intent.channel, 'accountId', p_intent.account_id,
                                      'externalId', p_intent.external_account),
        'outcome', p_intent.status, 'externalId', p_intent.external_id, 'externalUrl', p_intent.external_url,
        'events', p_intent.events, 'previous', v_head.head);
    v_hash := encode(sha256(convert_to(almanac.canonical_json(v_receipt), 'UTF8')), 'hex');
    INSERT INTO almanac.publish_receipts (user_id, seq, intent_id, body)
    VALUES (p_intent.user_id, v_head.count + 1, p_intent.id,
            almanac.canonical_json(v_receipt || jsonb_build_object('hash', v_hash)));
    UPDATE almanac.publish_receipt_heads h SET count = v_head.count + 1, head = v_hash
     WHERE h.user_id = p_intent.user_id;
END
$$;
REVOKE ALL ON FUNCTION almanac.write_receipt FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.write_receipt TO almanac_worker;
