-- A run stores what it merged with something that a person has changed since.
SELECT sabotage.without('almanac.save_organic_placements', 'AND p.version = s.known', '');
