-- Only the index keeps a user's second active job out.
DROP INDEX almanac.jobs_one_active;
SELECT sabotage.without('almanac.submit', 'IF k.exclusive_key IS NOT NULL THEN
            -- Seen first', 'IF false THEN
            -- Seen first');
SELECT sabotage.without('almanac.submit',
    'ON CONFLICT (user_id, exclusive_key) WHERE exclusive_key IS NOT NULL AND state IN (''queued'', ''running'')
        DO NOTHING', '');
