-- The flag is not read again right before a post is sent.
SELECT sabotage.without('almanac.begin_sending', 'IF NOT coalesce(', 'IF false AND NOT coalesce(');
