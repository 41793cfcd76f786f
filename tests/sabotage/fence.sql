-- Any caller that names a job may write for it, under any epoch.
SELECT sabotage.without('almanac.fence', 'AND epoch = p_epoch AND state = ''running''', '');
SELECT sabotage.without('almanac.emit', 'AND epoch = p_epoch AND state = ''running''', '');
SELECT sabotage.without('almanac.finish', 'ELSE state = ''running'' AND epoch = p_epoch END', 'ELSE true END');
SELECT sabotage.without('almanac.finish_jobs', 'AND j.epoch = u.epoch AND j.state = ''running''', '');
