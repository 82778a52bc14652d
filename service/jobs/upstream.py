"""What is changed in DBOS, all in this place: it refuses pickle, and does not print to the console."""

from __future__ import annotations

import logging
from typing import Any

from dbos._serialization import DefaultSerializer

from service.jobs.registry import JobFailed

logging.getLogger("dbos").addHandler(logging.NullHandler())  # or DBOS would print to the console itself
logging.getLogger("dbos").setLevel(logging.ERROR)
logging.getLogger("dbos").addFilter(lambda record: not (record.exc_info and record.exc_info[0] is JobFailed))


def _refuse_pickle(_serializer: DefaultSerializer, _text: str) -> Any:
    raise ValueError("Jobs are stored as JSON; pickle is refused.")


DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[assignment, method-assign]
