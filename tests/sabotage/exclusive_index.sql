-- Nothing but the index keeps a person's second active job out.
DROP INDEX almanac.jobs_one_active;
SELECT sabotage.without('almanac.accept',
    'ON CONFLICT (user_id, exclusive_key) WHERE exclusive_key IS NOT NULL AND state IN (''queued'', ''running'')
    DO NOTHING', '');
