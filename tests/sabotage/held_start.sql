-- A start waits for a row that somebody holds, and everything behind it with it.
SELECT sabotage.without('almanac.start', 'FOR NO KEY UPDATE OF free SKIP LOCKED', 'FOR NO KEY UPDATE OF free');
