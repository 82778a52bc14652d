"""What each kind of audit entry is called in the timeline: a sentence about who did it, or one of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from service.execution.definitions import deployed
from service.models import AuditEntry, LinkKind
from service.queries.links import WORDS as LINKS
from service.web import facts, level_sentences, stuck, words
from service.web.telling import Decided, Entry, Telling, say


def _opened(entry: AuditEntry, telling: Telling) -> Entry:
    who = entry.actor != "system"
    return say(entry, telling, "opened the case" if who else "The case was opened", tone="info")


def _about_task(verb: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        away = details.get("for")
        rest = f"for {telling.person(away)}" if away else ""
        return say(entry, telling, verb, _task(entry, telling), rest, tone=tone, quote=str(details.get("reason") or ""))

    return sentence


def _task(entry: AuditEntry, telling: Telling) -> str:
    """What the task is called: by its own name where nobody drew it, with which one it is, or by its element."""
    details = entry.details or {}
    return (
        str(details.get("name") or "")
        or telling.tasks.get(str(details.get("task")))
        or telling.element(entry.element_id)
    )


def _task_completed(entry: AuditEntry, telling: Telling) -> Entry:
    """Also by somebody outside; then by whose link that was."""
    details = entry.details or {}
    if "link_by" not in details:
        return _about_task("completed", "good")(entry, telling)
    rest = f"by a link from {telling.person(details['link_by'])}"
    return say(entry, telling, "answered", _task(entry, telling), rest, tone="good")


def _linked_outside(verb: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        rest = f"for {(entry.details or {}).get('for', '')}"
        return say(entry, telling, f"{verb} a link to", _task(entry, telling), rest, tone=tone)

    return sentence


def _given(verb: str, preposition: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        to = (entry.details or {}).get("to")
        rest = f"{preposition} {telling.person(to)}" if to else "back to the team"
        return say(entry, telling, verb, _task(entry, telling), rest)

    return sentence


def _sent_back(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    rest = f"back to {telling.person(details['to'])}" if details.get("to") else "back to the team"
    return say(entry, telling, "sent", _task(entry, telling), rest, quote=str(details.get("reason") or ""), tone="warn")


def _decision(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    decided = Decided(
        _pairs(details.get("inputs"), telling), _pairs(details.get("outputs"), telling), _rows(details.get("rules"))
    )
    result = f"→ {decided.outputs[0][1]}" if decided.outputs else ""
    told = say(entry, telling, "", telling.element(entry.element_id), result, tone="info")
    told.who, told.decided = "", decided
    return told


def _pairs(data: Any, telling: Telling) -> tuple[tuple[str, str], ...]:
    if isinstance(data, Mapping):
        return tuple(_pair(str(name), value, telling) for name, value in data.items())
    if isinstance(data, list) and len(data) == 1:
        return _pairs(data[0], telling)
    return (("Result", words.value(data)),) if data not in (None, [], {}) else ()


def _pair(name: str, value: Any, telling: Telling) -> tuple[str, str]:
    """What a column of a decision table, or a variable, is called, and its value with the label of its option."""
    asked = facts.asked(telling.definition_id).get(name)
    field_ = asked or facts.field(telling.definition_id, name)
    return name if asked else field_.label, field_.text(value)


def _rows(rules: Any) -> str:
    numbers = [str(rule) for rule in rules] if isinstance(rules, list) else []
    if not numbers:
        return "No row of the table held."
    return f"Row {numbers[0]} held." if len(numbers) == 1 else f"Rows {', '.join(numbers)} held."


def _changed(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    said = []
    if "owner" in details:
        owner = details["owner"]
        said.append("took the case over" if owner == entry.actor else f"handed the case to {telling.person(owner)}")
    if "priority" in details:
        old, new = details["priority"]
        said.append(f"changed the priority from {old} to {new}")
    if "due" in details:
        old, new = details["due"]
        said.append(_moved(old, new, zone=telling.zone))
    return say(entry, telling, " and ".join(said) or "changed the case")


def _moved(old: str | None, new: str | None, *, zone: tzinfo) -> str:
    days = [words.day(datetime.fromisoformat(text).astimezone(zone).date()) if text else None for text in (old, new)]
    if days[1] is None:
        return "took the due date away"
    return f"moved the due date from {days[0]} to {days[1]}" if days[0] else f"set the due date to {days[1]}"


def _scheduled(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    said = []
    if "due" in details:
        said.append(_moved(*details["due"], zone=telling.zone))
    if "priority" in details:
        said.append("changed the priority from {} to {}".format(*details["priority"]))
    return say(entry, telling, f"{' and '.join(said)} of", _task(entry, telling))


def _put_off(entry: AuditEntry, telling: Telling) -> Entry:
    until = datetime.fromisoformat(str((entry.details or {})["until"])).astimezone(telling.zone)
    return say(entry, telling, f"put off until {words.day(until.date())}, {until:%H:%M}:", _task(entry, telling))


def _ended(text: str, by_nobody: str, tone: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        reason = str((entry.details or {}).get("reason") or "")
        return say(entry, telling, text if text and entry.actor != "system" else by_nobody, tone=tone, quote=reason)

    return sentence


def _completed(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    if details.keys() - {"then"}:
        outcomes = deployed(telling.definition_id).definition.info.outcomes
        name = next((each.name for each in outcomes if each.id == details.get("outcome")), "")
        quote = str(details.get("summary") or "")
        return say(entry, telling, "closed the case" + (" as" if name else ""), name, quote=quote, tone="good")
    told = say(entry, telling, "The case is completed", tone="good")
    told.who = ""
    return told


def _failed(entry: AuditEntry, telling: Telling) -> Entry:
    where = telling.element(entry.element_id) if entry.element_id else ""
    reason = stuck.in_words(str((entry.details or {}).get("reason") or ""), telling.definition_id)
    told = say(entry, telling, "The case got stuck" + (" at" if where else ""), where, tone="bad", quote=reason)
    told.who = ""
    return told


def _by_hand(text: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    return lambda entry, telling: say(entry, telling, text, telling.element(entry.element_id), tone=tone)


def _nobody(text: str, tone: str = "warn") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        told = say(entry, telling, text, telling.element(entry.element_id) if entry.element_id else "", tone=tone)
        told.who = ""
        return told

    return sentence


def _activated(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    rest = f"for {telling.person(details['to'])}" if details.get("to") else ""
    quote = str(details.get("reason") or "")
    return say(entry, telling, "started", telling.element(entry.element_id), rest, quote=quote, tone="info")


def _finished(entry: AuditEntry, telling: Telling) -> Entry:
    quote = str((entry.details or {}).get("reason") or "")
    return say(entry, telling, "needed nothing more in", telling.element(entry.element_id), quote=quote, tone="good")


def _held(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    until = details.get("until")
    day = words.day(datetime.fromisoformat(until).astimezone(telling.zone).date()) if until else ""
    rest = f"until {day}" if day else ""
    quote = str(details.get("reason") or "")
    return say(entry, telling, "put the case on hold", rest=rest, quote=quote, tone="warn")


def _back(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        gone = [telling.element(each) for each in details.get("cancelled") or ()]
        rest = f"· cancelled: {', '.join(gone)}" if gone else ""
        where = telling.element(entry.element_id) if entry.element_id else ""
        text = verb + (" at" if where and verb.endswith("again") else "")
        return say(entry, telling, text, where, rest, quote=str(details.get("reason") or ""), tone="warn")

    return sentence


def _version_changed(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        rest = f"from version {details.get('from')} to version {details.get('to')}"
        return say(entry, telling, verb, rest=rest, quote=str(details.get("reason") or ""), tone="info")

    return sentence


def _modified(verb: str, tone: str = "warn") -> Callable[[AuditEntry, Telling], Entry]:
    """What somebody changed by hand about where the case stands, step by step, or proposes to."""

    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        steps = [step(each, telling) for each in details.get("steps") or ()]
        by = details.get("proposed_by")
        rest = "; ".join([*steps, *([f"proposed by {telling.person(by)}"] if by else [])])
        return say(entry, telling, verb, rest=rest, quote=str(details.get("reason") or ""), tone=tone)

    return sentence


def step(said: Mapping[str, Any], telling: Telling) -> str:
    """What one step of a modification does, as it is kept, to follow “changed” and “proposes to change”."""
    where, given = f"“{telling.element(said.get('element'))}”", _given_values(said.get("values"))
    shown = {
        "put": f"a token on {where}",
        "move": f"from {where} to “{telling.element(said.get('to'))}”",
        "take": f"{where} taken away",
        "again": f"{where} once more",
        "skip": f"{where} skipped" + (f" with {given}" if given else ""),
        "set": f"{given} set",
        "fire": f"{where} happens now",
        "time": f"{where} at another time",
        "deliver": f"the message {said.get('name') or where} delivered" + (f" with {given}" if given else ""),
    }
    return shown.get(str(said.get("do")), str(said.get("do")))


def _given_values(values: Any) -> str:
    """Variables as a proposal says them, with their values, or as the story keeps them, by name."""
    if isinstance(values, Mapping):
        return ", ".join(f"{name} = {words.value(value)}" for name, value in values.items())
    return ", ".join(values or ())


def _added(entry: AuditEntry, telling: Telling) -> Entry:
    to = (entry.details or {}).get("to")
    rest = f"for {telling.person(to)}" if to and to != entry.actor else ""
    return say(entry, telling, "added the task", _task(entry, telling), rest, tone="info")


def _relative(verb: str, by_nobody: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    """About another case of the family, by its number and title."""

    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        subject = str(details.get("number") or details.get("parent") or "")
        rest = str(details.get("title") or "")
        quote = str(details.get("reason") or "")
        if entry.action == "child:failed":
            quote = stuck.in_words(quote, telling.definition_id)
        text = verb if verb and entry.actor != "system" else by_nobody
        return say(entry, telling, text, subject, rest, quote=quote, tone=tone, case=subject)

    return sentence


def _bound(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    before, after = details.get("before") or [], details.get("holders") or []
    come = ", ".join(telling.principal(each) for each in after if each not in before)
    gone = ", ".join(telling.principal(each) for each in before if each not in after)
    role = str(details.get("name") or details.get("role") or "")
    if come and gone:
        return say(entry, telling, "gave the role", role, f"to {come} and took it from {gone}", tone="info")
    if not come and not gone:
        return say(entry, telling, "left the role", role, "as it is")
    return say(
        entry, telling, "gave the role" if come else "took the role", role, f"to {come}" if come else f"from {gone}"
    )


def _role_handed_over(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    frm, to = telling.person(details.get("from")), telling.person(details.get("to"))
    names = ", ".join(details.get("tasks") or ())
    rest = f"over from {frm} to {to}" + (f", with {names}" if names else "")
    return say(entry, telling, "handed the role", str(details.get("name") or ""), rest, tone="info")


def _filed(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    """Of a document the story names neither file nor reason: not everybody who reads the story may see them."""

    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        whom = "for everybody" if details.get("visibility") == "everybody" else "for the team"
        elsewhere = f", to {details['to']}" if details.get("to") else ""
        elsewhere += f", from {details['from']}" if details.get("from") else ""
        return say(entry, telling, verb, "a document", whom + elsewhere, document=str(details.get("document") or ""))

    return sentence


def _noted(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        whom = "for everybody" if details.get("visibility") == "everybody" else "for the team"
        mentioned = [telling.person(name) for name in details.get("mentions") or ()]
        asked = details.get("asks")
        whom += f", to ask {telling.person(asked)}" if asked else ""
        whom += " about a task" if details.get("task") else ""
        rest = whom + (f", mentioning {', '.join(mentioned)}" if mentioned else "")
        return say(entry, telling, verb, "a note", rest, note=str(details.get("note") or ""))

    return sentence


def _linked(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        number = str(details.get("target") or details.get("source") or "")
        there, back = (
            LINKS.get(LinkKind(details["kind"]), ("", "")) if details.get("kind") in set(LinkKind) else ("", "")
        )
        return say(entry, telling, f"{verb} {there if 'target' in details else back}", number, case=number)

    return sentence


def _merged(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    number, count = str(details.get("source") or ""), len(details.get("names") or ())
    rest = f"into this case, which took over {words.counted(count, 'fact')}" if count else "into this case"
    return say(entry, telling, "merged", number, rest, case=number, tone="info")


def _brought_back(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    to = telling.person(str(details.get("owner") or ""))
    text = "brought the case back, which nobody reached any more, and gave it to"
    return say(entry, telling, text, to, quote=str(details.get("reason") or ""), tone="warn")


def _split(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    number, count = str(details.get("number") or ""), len(details.get("variables") or ())
    rest = f"with {words.counted(count, 'fact')} of this case" if count else ""
    quote = str(details.get("reason") or "")
    return say(entry, telling, "split off", number, rest, case=number, quote=quote, tone="info")


def _milestone(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    told = say(entry, telling, "Reached:", str(details.get("name") or details.get("milestone") or ""), tone="good")
    told.who = ""
    return told


def _came_in(text: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        told = say(entry, telling, text, str((entry.details or {}).get("name") or ""), tone="info")
        told.who = ""
        return told

    return sentence


def unknown(entry: AuditEntry, telling: Telling) -> Entry:
    text = words.readable(entry.action.replace(":", " "))
    told = say(entry, telling, text + (":" if entry.element_id else ""))
    told.subject = telling.element(entry.element_id) if entry.element_id else ""
    told.rest = f"· {told.who}" if told.who else ""
    told.who = ""
    return told


def _unassigned(entry: AuditEntry, telling: Telling) -> Entry:
    name = str((entry.details or {}).get("for") or "")
    rest = f"was for {name}, who is not here; its candidates may take it"
    told = say(entry, telling, "", telling.element(entry.element_id) if entry.element_id else "", rest, tone="warn")
    told.who = ""
    return told


def _given_by_rule(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    why = str(details.get("why") or "")
    to = details.get("to")
    rest = (
        f"was given to {telling.person(to)}: {why}" if to else f"was given to nobody: {why}; its candidates may take it"
    )
    told = say(entry, telling, "", _task(entry, telling), rest, tone="info" if to else "warn")
    told.who = ""
    return told


SENTENCES: dict[str, Callable[[AuditEntry, Telling], Entry]] = {
    "case:opened": _opened,
    "case:changed": _changed,
    "case:completed": _completed,
    "case:terminated": _ended("cancelled the case", "The case was cancelled", "bad"),
    "case:failed": _failed,
    "variables:changed": lambda entry, telling: say(entry, telling, "corrected the data"),
    "task:claimed": _about_task("took"),
    "task:released": _about_task("gave back"),
    "task:delegated": _given("delegated", "to"),
    "task:handed-back": _given("handed", "back to"),
    "task:sent-back": _sent_back,
    "task:assigned": _given("gave", "to"),
    "task:scheduled": _scheduled,
    "task:put-off": _put_off,
    "task:taken-up": _about_task("took up again"),
    "task:unassigned": _unassigned,
    "task:given": _given_by_rule,
    "task:left-free": _given_by_rule,
    "task:completed": _task_completed,
    "task:link-made": _linked_outside("made"),
    "task:link-revoked": _linked_outside("revoked", "warn"),
    "decision:evaluated": _decision,
    "adhoc:activated": _activated,
    "adhoc:finished": _finished,
    "escalation:raised": _nobody("Escalated:"),
    "timer:fired": _nobody("The time came:"),
    **level_sentences.SENTENCES,
    "message:received": _came_in("A message came in:"),
    "signal:received": _came_in("A signal came in:"),
    "service:completed": _nobody("Done by the service:", "good"),
    "case:suspended": _held,
    "case:resumed": _ended("let the case go on", "The case goes on, as was planned", "info"),
    "case:reopened": _back("opened the case again"),
    "case:migrated": _version_changed("moved the case"),
    "case:returned": _version_changed("brought the case back"),
    "case:went-back": _back("went back to"),
    "case:modified": _modified("changed where the case stands:"),
    "case:change-proposed": _modified("proposes to change where the case stands:", "info"),
    "case:change-refused": _modified("refused to change where the case stands;"),
    "case:change-withdrawn": _modified("withdrew a proposal;", "info"),
    "case:adopted": _relative("put the case under", "The case was put under"),
    "case:restricted": _ended("closed the case to all but its owner and its roles", "", "warn"),
    "case:unrestricted": _ended("opened the case to others again", "", "info"),
    "case:brought-back": _brought_back,
    "case:printed": _ended("printed the case", "", "info"),
    "case:linked": _linked("linked the case:"),
    "case:unlinked": _linked("took the link away:"),
    "case:merged": _merged,
    "case:split": _split,
    "role:bound": _bound,
    "role:handed-over": _role_handed_over,
    "note:written": _noted("wrote"),
    "note:edited": _noted("changed"),
    "note:withdrawn": _noted("withdrew"),
    "note:answered": _noted("answered with"),
    "document:added": _filed("added"),
    "document:replaced": _filed("added a version of"),
    "document:described": _filed("described"),
    "document:held": _filed("works on"),
    "document:let-go": _filed("let go of"),
    "document:copied": _filed("copied"),
    "document:withdrawn": _filed("withdrew"),
    "milestone:reached": _milestone,
    "task:added": _added,
    "task:ticked": _about_task("ticked items of"),
    "task:withdrawn": _about_task("withdrew", "warn"),
    "fragment:inserted": _relative("added the part", "A part was added:"),
    "child:opened": _relative("opened the case", "A case was opened below:"),
    "child:adopted": _relative("put here the case", "A case was put here:"),
    "child:completed": _relative("", "A case below is completed:", "good"),
    "child:terminated": _relative("", "A case below was cancelled:", "warn"),
    "child:failed": _relative("", "A case below got stuck:", "bad"),
    "service:failed": _nobody("The service failed:", "bad"),
    "call:hurried": _by_hand("let it be tried now:"),
    "call:given-up": _by_hand("gave it up:", "bad"),
    "incident:retried": lambda entry, telling: say(entry, telling, "tried it again"),
}
