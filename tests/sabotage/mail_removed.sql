-- A recipient who was removed after the fire is mailed.
SELECT sabotage.without('almanac.begin_mail', 'RETURN ''removed'';', 'NULL;');
