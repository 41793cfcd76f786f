-- What may have been sent is sent again after the lifetime of its key.
SELECT sabotage.without('almanac.open_mail', 'interval ''23 hours''', 'interval ''2300 hours''');
