"""The one bridge between engine and rows: DATABASE → ENGINE → DATABASE.

`running.running(case)` locks, loads, lets the caller run the workflow on, and saves: `projection` writes what people
search, `history` what happened, `outbox` the jobs that tell others. Nobody else holds a workflow that changes.
"""
