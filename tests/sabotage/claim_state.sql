-- A job is claimed in whatever state it is.
SELECT sabotage.without('almanac.claim', 'WHERE id = v_id AND state = ''queued'' AND run_at <= clock_timestamp()',
    'WHERE id = v_id');
SELECT sabotage.without('almanac.start', 'j.state = ''queued'' AND j.run_at <= clock_timestamp() AND ', '');
