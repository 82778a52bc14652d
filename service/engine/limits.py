"""Budgets: what keeps a mistaken diagram from taking the service down. Beyond one the case fails and says why."""

from __future__ import annotations

STEPS = 10_000  #: from one outside event until the workflow waits again
NESTING = 50  #: of processes that call each other
INSTANCES = 100_000  #: of one multi-instance
VALUE_DEPTH = 200  #: of nesting in a variable's value
NUMBER_BITS = 1024  #: of a whole number; the largest float has as many
