-- Suppressions and unsubscriptions are not looked for right before the request.
SELECT sabotage.without('almanac.begin_mail', 'RETURN ''suppressed'';', 'NULL;');
