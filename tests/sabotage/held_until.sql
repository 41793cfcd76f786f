-- What waits for its provider is ended by a worker only.
SELECT sabotage.without('almanac.expire_unstarted', 'o.held_until < v_now - interval ''5 s''', 'false');
