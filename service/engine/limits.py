"""Budgets: what keeps a mistaken diagram from taking the service down. Beyond one the case fails and says why."""

from __future__ import annotations

STEPS = 10_000  #: from one outside event until the workflow waits again
STEPS_PER_INSTANCE = 20  #: that each instance of a multi-instance may take besides
SECONDS = 10.0  #: that all these may take
CPU_SECONDS = 4.0  #: of this thread, for the same: so a busy machine stops a loop no earlier than an idle one
NESTING = 50  #: of processes that call each other
INSTANCES = 10_000  #: of one multi-instance
VALUE_DEPTH = 200  #: of nesting in a variable's value
NUMBER_BITS = 1024  #: of a whole number; the largest float has as many
SNAPSHOT_BYTES = 100_000_000  #: of a snapshot before it is compressed
