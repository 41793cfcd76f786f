-- A job is claimed in whatever state it is.
SELECT sabotage.without('almanac.claim', 'AND j.state = ''queued'' AND j.run_at', 'AND j.run_at');
SELECT sabotage.without('almanac.claim', 'WHERE j.id = due.id AND j.state = ''queued''', 'WHERE j.id = due.id');
