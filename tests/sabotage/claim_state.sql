-- A job is claimed in whatever state it is.
SELECT sabotage.without('almanac.claim', 'WHERE id = v_id AND state = ''queued'' AND run_at <= clock_timestamp()',
    'WHERE id = v_id');
