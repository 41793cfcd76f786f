-- A post whose answer is missing is sent again without a look-up.
SELECT sabotage.without('almanac.open_intent',
    'SELECT e.* INTO effect FROM almanac.effects e WHERE e.dedupe_key = almanac.post_key(intent);', '');
SELECT sabotage.without('almanac.begin_sending', 'WHERE e.state = ''planned''', '');
ALTER TABLE almanac.effects DISABLE TRIGGER effects_guard;
