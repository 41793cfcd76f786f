-- Nothing says why a week failed before its last line.
UPDATE almanac.job_kinds SET failure_event = false;
