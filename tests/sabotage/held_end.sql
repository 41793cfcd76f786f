-- The end of a batch waits for a row that somebody holds.
SELECT sabotage.without('almanac.finish_generations', 'FOR NO KEY UPDATE SKIP LOCKED', 'FOR NO KEY UPDATE');
SELECT sabotage.without('almanac.lock_subject', 'FOR NO KEY UPDATE SKIP LOCKED', 'FOR NO KEY UPDATE');
