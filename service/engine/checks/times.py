"""Times that need no variable: they have to be times now already, else a case would stop there, or wait for ever."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from service.engine import expressions, timing
from service.engine.normalise import timers
from service.engine.xml.document import Document, local, text_of

ADD = 'Add durations to times: = now() + duration("P2D").'
_TIMES = {"timeDate", "timeDuration", "timeCycle"}
_SOME_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


def check(doc: Document, process: etree._Element) -> None:
    """Report each timer of a normalised process whose expression gives no time, whatever the case's data."""
    for element in process.iter():
        text = text_of(element) if local(element) in _TIMES else ""
        if text and not timers.is_no_expression(text) and gives_none(text):
            doc.error(element, f"“{text[:60]}” gives no time.", ADD)


def gives_none(text: str) -> bool:
    """Whether an expression that reads no variable gives no date, duration or cycle."""
    if expressions.names(text) or expressions.check(text):
        return False
    try:
        found = expressions.evaluate(text, {}, now=_SOME_DAY)
        if isinstance(found, str):
            return timers.wrong_time(found) is not None
        timing.due(found, _SOME_DAY)
    except (expressions.ExpressionError, timing.BadTime):
        return True
    return False
