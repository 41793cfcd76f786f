-- No key is remembered.
SELECT sabotage.without('almanac.accept', 'IF p_key IS NOT NULL THEN
        INSERT INTO', 'IF false THEN
        INSERT INTO');
