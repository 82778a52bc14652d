"""The worker: `loop` does jobs and keeps house where DBOS does not; `job_types` is what each kind of job does."""
