"""All cases of the demo: who did what, and how long ago. Nobody here is a real person.

`Step.at` is when a task was completed; it was claimed a little before, unless a step of its own says when.
"""

from __future__ import annotations

from datetime import datetime

from service.demo import care, claims, complaints, customer, grants, outages, requests
from service.demo.tales import Ago, Tale


def tales(now: datetime) -> list[Tale]:
    """All of them, as they would have come about until `now`."""
    ago = Ago(now)
    told = (claims, complaints, outages, requests, care, customer, grants)
    return [tale for module in told for tale in module.tales(ago)]
