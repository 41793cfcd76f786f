-- A run stores what it merged with something that a person has changed since.
SELECT sabotage.without('almanac.store_placements', 'AND p.version = s.known', '');
