-- A job is claimed in whatever state it is.
SELECT sabotage.without('almanac.claim', 'free.state = ''queued'' AND free.run_at <= clock_timestamp()',
    'true');
SELECT sabotage.without('almanac.start', 'free.state = ''queued'' AND free.run_at <= clock_timestamp()', 'true');
