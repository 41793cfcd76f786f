-- No key is stored.
SELECT sabotage.without('almanac.submit', 'IF p_keys[1] IS NOT NULL THEN
            INSERT INTO', 'IF false THEN
            INSERT INTO');
SELECT sabotage.without('almanac.submit', 'WHERE j.verdict = ''new'' AND j.key IS NOT NULL', 'WHERE false');
