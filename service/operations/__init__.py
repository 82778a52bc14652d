"""EVERYTHING THAT CHANGES A CASE: lock, allow, check, change, record. Nothing here commits; the entrypoint does."""
