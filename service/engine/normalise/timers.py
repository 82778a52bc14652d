"""Timers: ISO 8601 or cron as every tool writes it, or an expression. Texts are evaluated, so literals are quoted."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lxml import etree

from service.engine import timing
from service.engine.xml.document import Document, children, tag, text_of

_NUMBER = r"\d+(?:[.,]\d+)?"
DURATION = re.compile(
    rf"P(?=\d|T\d)(?:{_NUMBER}W|(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)",
    re.IGNORECASE,
)
_ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)?(?:\[[A-Za-z_]+(?:/[A-Za-z_+-]+)*\]|@[A-Za-z_]+(?:/[A-Za-z_+-]+)*)?"
DATE = re.compile(
    rf"\d{{4}}-?\d{{2}}-?\d{{2}}(?:[T ]\d{{2}}:?\d{{2}}(?::?\d{{2}}(?:[.,]\d+)?)?{_ZONE})?|"
    rf"\d{{4}}-?W\d{{2}}-?\d(?:T\d{{2}}:?\d{{2}}(?::?\d{{2}})?{_ZONE})?",
    re.IGNORECASE,
)
CYCLE = re.compile(rf"R(\d*)/(?:(?:{DATE.pattern})/)?{DURATION.pattern}(?:/(?:{DATE.pattern}))?", re.IGNORECASE)
#: Camunda 8's own function for cycles: `cycle(3, duration("PT1H"))`, `cycle(duration("PT1H"))`.
_CYCLE_CALL = re.compile(r"=\s*cycle\((?:(?P<times>[^,()]+),)?(?P<every>.+)\)\s*", re.DOTALL)

#: A time as somebody means it who does not know how ISO 8601 writes it: `P3`, `24h`, `3 days`, `01.02.2026`.
_MEANT = re.compile(r"\d[\w\s:.,/+-]*|[PR][\dPRTYMWDHSZ:.,/+-]*")
_LONGEST = 100  #: characters of a literal
_SOME_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
_KINDS = {"timeDate": DATE, "timeDuration": DURATION, "timeCycle": CYCLE}
_EXAMPLES = {"timeDate": "2026-12-24T18:00:00Z", "timeDuration": "PT48H", "timeCycle": "R3/PT10M"}


def write_out_cycles(doc: Document) -> None:
    """Write Camunda 8's `cycle(…)` as FEEL that gives the ISO 8601 text, before anybody reads what start events say."""
    for time in doc.root.iter(tag("timeCycle")):
        text = text_of(time)
        if (cycle := _CYCLE_CALL.fullmatch(text)) and len(text) <= _LONGEST:
            times = f"string({cycle['times']})" if cycle["times"] else '""'
            time.text = f'= "R" + {times} + "/" + string({cycle["every"]})'


def quote_literals(doc: Document) -> None:
    """Check each timer; quote what is written literally, and move a literal to the element that its form says."""
    for definition in list(doc.root.iter(tag("timerEventDefinition"))):
        times = children(definition, *_KINDS)
        if len(times) != 1:
            doc.error(
                definition,
                "The timer says no time." if not times else "The timer says more than one time.",
                "Give it one of timeDate (2026-12-24T18:00:00Z), timeDuration (PT48H) or timeCycle (R3/PT10M).",
            )
        for time in times[:1]:
            _normalise(doc, time)


def kind_of(literal: str) -> str | None:
    """Which of timeDate, timeDuration and timeCycle an ISO 8601 text is."""
    if len(literal) > _LONGEST:
        return None
    return next((kind for kind, form in _KINDS.items() if form.fullmatch(literal)), None)


def literal_of(text: str) -> str | None:
    """The literal, without quotes; None for an expression."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        return text[1:-1]
    return text if kind_of(text) else None


def is_no_expression(text: str) -> bool:
    """Whether a timer's text is a time that is written out, well or badly, so that nobody need read it as Python."""
    return literal_of(text) is not None or (
        len(text) <= _LONGEST and bool(_MEANT.fullmatch(text) or timing.is_cron(text.strip("\"'")))
    )


def wrong_time(literal: str) -> str | None:
    """Why a duration, date or cycle of the right shape is no time after all: a 30 February, a cycle of no length."""
    try:
        if timing.is_cycle(literal):
            timing.cycle(literal, _SOME_DAY)
        else:
            timing.due(literal, _SOME_DAY)
    except timing.BadTime as wrong:
        return f"{str(wrong).partition(': write')[0].rstrip('.')}."
    return None


def _normalise(doc: Document, time: etree._Element) -> None:
    said = str(time.tag).rpartition("}")[2]
    text = text_of(time)
    if not text:
        doc.error(time, "The timer says no time.", f"Write one, such as {_EXAMPLES[said]}.")
    elif timing.is_cron(bare := text.strip("\"'")):
        _cron(doc, time, said, bare.strip())
    elif (literal := literal_of(text)) is not None or (is_no_expression(text) and (literal := text)):
        _place(doc, time, said, literal.strip())


def _cron(doc: Document, time: etree._Element, said: str, text: str) -> None:
    """Only a cycle repeats, and its text has to be readable now already."""
    try:
        timing.cycle(text, _SOME_DAY).following(_SOME_DAY)
    except timing.BadTime as wrong:
        doc.error(time, str(wrong), "Or write an ISO 8601 cycle, such as R/2026-01-01T09:00Z/P1D.")
        return
    if said != "timeCycle":
        doc.warn(time, f"“{text}” in {said} is a cron expression, and treated as a cycle.", "Use timeCycle.")
        time.tag = tag("timeCycle")
    time.text = f'"{text}"'


def instead_of(literal: str, example: str) -> str:
    """What to write instead of a duration whose parts say no unit, or hours without the T before them."""
    if match := re.fullmatch(r"P?(\d+)", literal, re.IGNORECASE):
        number = match[1]
        return f"Say of what: P{number}D are {number} days, PT{number}H are {number} hours."
    if match := re.fullmatch(r"P?T?(\d+) ?([HS]|hours?|seconds?)", literal, re.IGNORECASE):
        return f"Hours, minutes and seconds stand behind PT: PT{match[1]}{match[2][0].upper()}."
    if match := re.fullmatch(r"P?T?(\d+) ?(D|days?)", literal, re.IGNORECASE):
        return f"Days stand behind P: P{match[1]}D."
    return f"Write, for example, {example}."


def _place(doc: Document, time: etree._Element, said: str, literal: str) -> None:
    kind = kind_of(literal)
    if kind is None:
        doc.error(time, f"“{literal[:60]}” is no ISO 8601 {said[4:].lower()}.", instead_of(literal, _EXAMPLES[said]))
        return
    if wrong := wrong_time(literal):
        doc.error(time, wrong, f"Write, for example, {_EXAMPLES[kind]}.")
        return
    if kind != said:
        doc.warn(time, f"“{literal}” in {said} is a {kind[4:].lower()}, and treated as one.", f"Use {kind}.")
        time.tag = tag(kind)
    for part in list(time):
        time.remove(part)
    time.text = f'"{literal}"'
