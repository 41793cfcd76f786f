-- The end of a batch waits for a row that another transaction holds.
SELECT sabotage.without('almanac.finish_jobs', 'FOR NO KEY UPDATE SKIP LOCKED', 'FOR NO KEY UPDATE');
SELECT sabotage.without('almanac.lock_domain_rows', 'FOR NO KEY UPDATE OF d SKIP LOCKED', 'FOR NO KEY UPDATE OF d');
