-- What is published is not looked for after an intent was inserted.
SELECT sabotage.without('almanac.submit_publications', 'AND p.status = ''published'') THEN', 'AND false) THEN');
