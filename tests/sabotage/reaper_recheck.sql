-- What was once seen expired is reaped, whatever became of it: no lock with the look, no second look with the write.
SELECT sabotage.without('almanac.reap', 'FOR UPDATE SKIP LOCKED', '');
SELECT sabotage.without('almanac.reap',
    'WHERE j.id = v_id AND j.state = ''running'' AND j.lease_expires_at < v_now', 'WHERE j.id = v_id');
