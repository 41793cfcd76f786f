-- A start waits for a row that another transaction holds, and everything behind it waits with it.
SELECT sabotage.without('almanac.start', 'FOR NO KEY UPDATE OF free SKIP LOCKED', 'FOR NO KEY UPDATE OF free');
