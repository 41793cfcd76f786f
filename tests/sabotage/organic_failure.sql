-- Nobody says why a week failed before its last line.
DROP TRIGGER jobs_tell_organic_failure ON almanac.jobs;
