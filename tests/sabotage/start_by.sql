-- A job is started however late it is.
SELECT sabotage.without('almanac.start', 'free.start_by > v_now', 'true');
SELECT sabotage.without('almanac.claim', 'free.start_by > v_now', 'true');
