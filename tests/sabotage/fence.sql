-- Whoever names a job may write for it, under whatever epoch.
SELECT sabotage.without('almanac.fence', 'AND epoch = p_epoch AND state = ''running''', '');
SELECT sabotage.without('almanac.emit', 'AND epoch = p_epoch AND state = ''running''', '');
SELECT sabotage.without('almanac.finish', 'ELSE state = ''running'' AND epoch = p_epoch END', 'ELSE true END');
SELECT sabotage.without('almanac.save_suggestions', 'AND epoch = p_epoch AND state = ''running''', '');
SELECT sabotage.without('almanac.finish_generations', 'AND free.epoch = v_end.epoch AND free.state = ''running''', '');
SELECT sabotage.without('almanac.save_calendar_entries', 'AND epoch = p_epoch AND state = ''running''', '');
SELECT sabotage.without('almanac.save_organic_placements', 'AND epoch = p_epoch AND state = ''running''', '');
