-- A cancelled job ends although its post may exist.
UPDATE almanac.job_kinds SET on_cancel = NULL;
