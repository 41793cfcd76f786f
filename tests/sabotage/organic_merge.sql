-- A run stores the result of a merge although a user has changed the placement since.
SELECT sabotage.without('almanac.store_placements', 'AND p.version = s.known', '');
