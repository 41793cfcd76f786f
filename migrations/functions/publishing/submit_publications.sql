-- Submits what one request publishes, with its user's claims: a plan, and an intent with a job for each of its entries.
-- Runs as its caller, the API. Outcomes are those of submit(), `missing` for a calendar or brand that does not exist or
-- belongs to another user, `changed` if an entry is published or on its way by now (the caller reads again), and `error`
-- with the cause in `failure`; only `new` writes. The request counts once, however many intents it has.
-- p_intents is a JSON array in the order of p_jobs.
CREATE OR REPLACE FUNCTION almanac.submit_publications(
    p_user uuid, p_plan jsonb, p_intents jsonb, p_jobs uuid[], p_repost boolean, p_key text, p_fingerprint bytea,
    p_answer text, p_trace text, p_request text)
RETURNS TABLE (outcome text, job_id uuid, answer text, active_kind text, remaining int, reset_seconds int, failure text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_calendar uuid := (p_plan ->> 'calendar_id')::uuid;
    v_brand text := p_plan ->> 'brand_id';
    v_made bigint;
BEGIN
    PERFORM set_config('role', 'none', true);
    SELECT s.outcome, s.job_id, s.answer, s.active_kind, s.remaining, s.reset_seconds
      INTO outcome, job_id, answer, active_kind, remaining, reset_seconds
      FROM almanac.submit(
           'publishing.publish', ARRAY[p_user], p_jobs[1:1], ARRAY['{}'::jsonb], ARRAY[p_intents -> 0 ->> 'id'],
           ARRAY[p_key], ARRAY[p_fingerprint], ARRAY[p_answer], ARRAY[p_trace], ARRAY[p_request]) AS s;
    IF outcome = 'new' THEN
        PERFORM almanac.submit_siblings(
            p_user, p_jobs,
            ARRAY(SELECT i.intent ->> 'id' FROM jsonb_array_elements(p_intents) WITH ORDINALITY AS i (intent, place)
                   ORDER BY i.place),
            -- One that the channel does not take ends at once, whenever it would have been due.
            ARRAY(SELECT CASE WHEN i.intent ->> 'error' IS NULL THEN (i.intent ->> 'publish_at')::timestamptz
                              ELSE clock_timestamp() END
                    FROM jsonb_array_elements(p_intents) WITH ORDINALITY AS i (intent, place) ORDER BY i.place));
    END IF;
    PERFORM set_config('role', 'authenticated', true),
            set_config('request.jwt.claims', '{"sub":"' || p_user::text || '","role":"authenticated"}', true);
    IF outcome IN ('new', 'limited') THEN
        -- Ownership is answered before anything that says how busy the caller is.
        PERFORM FROM almanac.calendars c WHERE c.user_id = p_user AND c.id = v_calendar
          UNION ALL
        SELECT FROM almanac.brand_profiles b WHERE b.user_id = p_user AND b.id = v_brand;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no calendar or brand' USING errcode = 'LL004';
        END IF;
    END IF;
    IF outcome = 'new' THEN
        INSERT INTO almanac.publish_plans (id, user_id, plan_hash, approved, transport, calendar_id, brand_id, request, skipped)
        VALUES ((p_plan ->> 'id')::uuid, p_user, p_plan ->> 'plan_hash', (p_plan ->> 'approved')::boolean,
                p_plan ->> 'transport', v_calendar, v_brand, p_plan -> 'request', p_plan -> 'skipped');
        INSERT INTO almanac.publish_intents (
               id, user_id, plan_id, calendar_id, brand_id, run_id, entry_id, entry_version, entry, channel, account_id,
               external_account, transport, options, payload, payload_hash, publish_at, status, error)
        SELECT i.id, p_user, (p_plan ->> 'id')::uuid, v_calendar, v_brand, i.run_id, i.entry_id, i.entry_version,
               i.entry, i.channel, i.account_id, i.external_account, p_plan ->> 'transport', i.options, i.payload,
               i.payload_hash, i.publish_at, CASE WHEN i.error IS NULL THEN 'pending' ELSE 'failed' END, i.error
          FROM jsonb_to_recordset(p_intents) AS i (
               id uuid, run_id uuid, entry_id text, entry_version bigint, entry jsonb, channel text, account_id text,
               external_account text, options jsonb, payload jsonb, payload_hash text, publish_at timestamptz,
               error jsonb)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS v_made = ROW_COUNT;
        IF v_made <> cardinality(p_jobs) THEN
            RAISE EXCEPTION 'on its way since' USING errcode = 'LL007';
        END IF;
        -- After the insert: an intent of the same entry was either open, and refused it, or is published and seen here.
        IF NOT p_repost AND EXISTS (
            SELECT FROM jsonb_to_recordset(p_intents) AS i (entry_id text, channel text, account_id text)
              JOIN almanac.publish_intents p
                ON p.user_id = p_user AND coalesce(p.brand_id, '') = coalesce(v_brand, '') AND p.entry_id = i.entry_id
               AND p.channel = i.channel AND p.account_id = i.account_id AND p.status = 'published') THEN
            RAISE EXCEPTION 'published since' USING errcode = 'LL007';
        END IF;
        INSERT INTO almanac.publish_attempts (user_id, id, intent_id)
        SELECT p_user, p_jobs[i.place], (i.intent ->> 'id')::uuid
          FROM jsonb_array_elements(p_intents) WITH ORDINALITY AS i (intent, place);
        INSERT INTO almanac.publish_receipt_heads (user_id) VALUES (p_user) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEXT;
EXCEPTION
    WHEN SQLSTATE 'LL004' THEN
        outcome := 'missing';
        RETURN NEXT;
    WHEN SQLSTATE 'LL007' THEN
        outcome := 'changed';
        RETURN NEXT;
    WHEN OTHERS THEN
        outcome := 'error';
        failure := sqlstate || ' ' || sqlerrm;
        RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION almanac.submit_publications FROM PUBLIC;
GRANT EXECUTE ON FUNCTION almanac.submit_publications TO almanac_api;
