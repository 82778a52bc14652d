"""What each kind of audit entry is called in the timeline: a sentence about who did it, or one of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from service.execution.definitions import deployed
from service.languages import _, later
from service.models import AuditEntry, LinkKind
from service.queries.links import WORDS as LINKS
from service.web import facts, level_sentences, stuck, words
from service.web.telling import Decided, Entry, Telling, say


def _opened(entry: AuditEntry, telling: Telling) -> Entry:
    who = entry.actor != "system"
    return say(entry, telling, _("opened the case") if who else _("The case was opened"), tone="info")


def _about_task(verb: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        away = details.get("for")
        rest = _("for %(away)s", away=telling.person(away)) if away else ""
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
        return _about_task(later("completed"), "good")(entry, telling)
    rest = _("by a link from %(details)s", details=telling.person(details["link_by"]))
    return say(entry, telling, _("answered"), _task(entry, telling), rest, tone="good")


def _linked_outside(verb: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        rest = _("for %(get)s", get=(entry.details or {}).get("for", ""))
        return say(entry, telling, verb, _task(entry, telling), rest, tone=tone)

    return sentence


def _given(verb: str, preposition: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        to = (entry.details or {}).get("to")
        rest = str(preposition) % {"who": telling.person(to)} if to else _("back to the team")
        return say(entry, telling, verb, _task(entry, telling), rest)

    return sentence


def _sent_back(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    rest = (
        _("back to %(details)s", details=telling.person(details["to"])) if details.get("to") else _("back to the team")
    )
    return say(
        entry, telling, _("sent"), _task(entry, telling), rest, quote=str(details.get("reason") or ""), tone="warn"
    )


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
    return ((_("Result"), words.value(data)),) if data not in (None, [], {}) else ()


def _pair(name: str, value: Any, telling: Telling) -> tuple[str, str]:
    """What a column of a decision table, or a variable, is called, and its value with the label of its option."""
    asked = facts.asked(telling.definition_id).get(name)
    field_ = asked or facts.field(telling.definition_id, name)
    return name if asked else field_.label, field_.text(value)


def _rows(rules: Any) -> str:
    numbers = [str(rule) for rule in rules] if isinstance(rules, list) else []
    if not numbers:
        return _("No row of the table held.")
    return (
        _("Row %(numbers)s held.", numbers=numbers[0])
        if len(numbers) == 1
        else _("Rows %(numbers)s held.", numbers=", ".join(numbers))
    )


def _changed(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    said = []
    if "owner" in details:
        owner = details["owner"]
        said.append(
            _("took the case over")
            if owner == entry.actor
            else _("handed the case to %(owner)s", owner=telling.person(owner))
        )
    if "priority" in details:
        old, new = details["priority"]
        said.append(_("changed the priority from %(old)s to %(new)s", old=old, new=new))
    if "due" in details:
        old, new = details["due"]
        said.append(_moved(old, new, zone=telling.zone))
    return say(entry, telling, _(" and ").join(said) or _("changed the case"))


def _moved(old: str | None, new: str | None, *, zone: tzinfo) -> str:
    days = [words.day(datetime.fromisoformat(text).astimezone(zone).date()) if text else None for text in (old, new)]
    if days[1] is None:
        return _("took the due date away")
    return (
        _("moved the due date from %(days)s to %(days2)s", days=days[0], days2=days[1])
        if days[0]
        else _("set the due date to %(days)s", days=days[1])
    )


def _scheduled(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    said = []
    if "due" in details:
        said.append(_moved(*details["due"], zone=telling.zone))
    if "priority" in details:
        said.append(_("changed the priority from {} to {}").format(*details["priority"]))
    return say(entry, telling, _("%(said)s of", said=_(" and ").join(said)), _task(entry, telling))


def _put_off(entry: AuditEntry, telling: Telling) -> Entry:
    until = datetime.fromisoformat(str((entry.details or {})["until"])).astimezone(telling.zone)
    return say(
        entry,
        telling,
        _("put off until %(date)s, %(until)s:", date=words.day(until.date()), until=f"{until:%H:%M}"),
        _task(entry, telling),
    )


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
        return say(
            entry, telling, _("closed the case as") if name else _("closed the case"), name, quote=quote, tone="good"
        )
    told = say(entry, telling, _("The case is completed"), tone="good")
    told.who = ""
    return told


def _failed(entry: AuditEntry, telling: Telling) -> Entry:
    where = telling.element(entry.element_id) if entry.element_id else ""
    reason = stuck.in_words(str((entry.details or {}).get("reason") or ""), telling.definition_id)
    told = say(
        entry,
        telling,
        _("The case got stuck at") if where else _("The case got stuck"),
        where,
        tone="bad",
        quote=reason,
    )
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
    rest = _("for %(details)s", details=telling.person(details["to"])) if details.get("to") else ""
    quote = str(details.get("reason") or "")
    return say(entry, telling, _("started"), telling.element(entry.element_id), rest, quote=quote, tone="info")


def _finished(entry: AuditEntry, telling: Telling) -> Entry:
    quote = str((entry.details or {}).get("reason") or "")
    return say(entry, telling, _("needed nothing more in"), telling.element(entry.element_id), quote=quote, tone="good")


def _held(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    until = details.get("until")
    day = words.day(datetime.fromisoformat(until).astimezone(telling.zone).date()) if until else ""
    rest = _("until %(day)s", day=day) if day else ""
    quote = str(details.get("reason") or "")
    return say(entry, telling, _("put the case on hold"), rest=rest, quote=quote, tone="warn")


def _back(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        gone = [telling.element(each) for each in details.get("cancelled") or ()]
        rest = _("· cancelled: %(gone)s", gone=", ".join(gone)) if gone else ""
        where = telling.element(entry.element_id) if entry.element_id else ""
        text = _("opened the case again at") if where and verb == "opened the case again" else verb
        return say(entry, telling, text, where, rest, quote=str(details.get("reason") or ""), tone="warn")

    return sentence


def _version_changed(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        rest = _("from version %(get)s to version %(get2)s", get=details.get("from"), get2=details.get("to"))
        return say(entry, telling, verb, rest=rest, quote=str(details.get("reason") or ""), tone="info")

    return sentence


def _modified(verb: str, tone: str = "warn") -> Callable[[AuditEntry, Telling], Entry]:
    """What somebody changed by hand about where the case stands, step by step, or proposes to."""

    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        steps = [step(each, telling) for each in details.get("steps") or ()]
        by = details.get("proposed_by")
        rest = "; ".join([*steps, *([_("proposed by %(by)s", by=telling.person(by))] if by else [])])
        return say(entry, telling, verb, rest=rest, quote=str(details.get("reason") or ""), tone=tone)

    return sentence


def step(said: Mapping[str, Any], telling: Telling) -> str:
    """What one step of a modification does, as it is kept, to follow “changed” and “proposes to change”."""
    where, given = f"“{telling.element(said.get('element'))}”", _given_values(said.get("values"))
    shown = {
        "put": _("a token on %(where)s", where=where),
        "move": _("from %(where)s to “%(get)s”", where=where, get=telling.element(said.get("to"))),
        "take": _("%(where)s taken away", where=where),
        "again": _("%(where)s once more", where=where),
        "skip": _("%(where)s skipped", where=where) + (_(" with %(given)s", given=given) if given else ""),
        "set": _("%(given)s set", given=given),
        "fire": _("%(where)s happens now", where=where),
        "time": _("%(where)s at another time", where=where),
        "deliver": _("the message %(get)s delivered", get=said.get("name") or where)
        + (_(" with %(given)s", given=given) if given else ""),
    }
    return shown.get(str(said.get("do")), str(said.get("do")))


def _given_values(values: Any) -> str:
    """Variables as a proposal says them, with their values, or as the story keeps them, by name."""
    if isinstance(values, Mapping):
        return ", ".join(f"{name} = {words.value(value)}" for name, value in values.items())
    return ", ".join(values or ())


def _added(entry: AuditEntry, telling: Telling) -> Entry:
    to = (entry.details or {}).get("to")
    rest = _("for %(to)s", to=telling.person(to)) if to and to != entry.actor else ""
    return say(entry, telling, _("added the task"), _task(entry, telling), rest, tone="info")


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
        return say(
            entry,
            telling,
            _("gave the role"),
            role,
            _("to %(come)s and took it from %(gone)s", come=come, gone=gone),
            tone="info",
        )
    if not come and not gone:
        return say(entry, telling, _("left the role"), role, _("as it is"))
    return say(
        entry,
        telling,
        _("gave the role") if come else _("took the role"),
        role,
        _("to %(come)s", come=come) if come else _("from %(gone)s", gone=gone),
    )


def _role_handed_over(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    frm, to = telling.person(details.get("from")), telling.person(details.get("to"))
    names = ", ".join(details.get("tasks") or ())
    rest = _("over from %(frm)s to %(to)s", frm=frm, to=to) + (_(", with %(names)s", names=names) if names else "")
    return say(entry, telling, _("handed the role"), str(details.get("name") or ""), rest, tone="info")


def _filed(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    """Of a document the story names neither file nor reason: not everybody who reads the story may see them."""

    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        rest = _("for everybody") if details.get("visibility") == "everybody" else _("for the team")
        rest += _(", to %(case)s", case=details["to"]) if details.get("to") else ""
        rest += _(", from %(case)s", case=details["from"]) if details.get("from") else ""
        return say(entry, telling, verb, _("a document"), rest, document=str(details.get("document") or ""))

    return sentence


def _noted(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        whom = _("for everybody") if details.get("visibility") == "everybody" else _("for the team")
        mentioned = [telling.person(name) for name in details.get("mentions") or ()]
        asked = details.get("asks")
        whom += _(", to ask %(asked)s", asked=telling.person(asked)) if asked else ""
        whom += _(" about a task") if details.get("task") else ""
        rest = whom + (_(", mentioning %(mentioned)s", mentioned=", ".join(mentioned)) if mentioned else "")
        return say(entry, telling, verb, _("a note"), rest, note=str(details.get("note") or ""))

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
    rest = (
        _("into this case, which took over %(count)s", count=words.counted(count, "fact"))
        if count
        else _("into this case")
    )
    return say(entry, telling, _("merged"), number, rest, case=number, tone="info")


def _brought_back(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    to = telling.person(str(details.get("owner") or ""))
    text = _("brought the case back, which nobody reached any more, and gave it to")
    return say(entry, telling, text, to, quote=str(details.get("reason") or ""), tone="warn")


def _split(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    number, count = str(details.get("number") or ""), len(details.get("variables") or ())
    rest = _("with %(count)s of this case", count=words.counted(count, "fact")) if count else ""
    quote = str(details.get("reason") or "")
    return say(entry, telling, _("split off"), number, rest, case=number, quote=quote, tone="info")


def _milestone(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    told = say(entry, telling, _("Reached:"), str(details.get("name") or details.get("milestone") or ""), tone="good")
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
    rest = _("was for %(name)s, who is not here; its candidates may take it", name=name)
    told = say(entry, telling, "", telling.element(entry.element_id) if entry.element_id else "", rest, tone="warn")
    told.who = ""
    return told


def _given_by_rule(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    why = str(details.get("why") or "")
    to = details.get("to")
    rest = (
        _("was given to %(to)s: %(why)s", to=telling.person(to), why=why)
        if to
        else _("was given to nobody: %(why)s; its candidates may take it", why=why)
    )
    told = say(entry, telling, "", _task(entry, telling), rest, tone="info" if to else "warn")
    told.who = ""
    return told


SENTENCES: dict[str, Callable[[AuditEntry, Telling], Entry]] = {
    "case:opened": _opened,
    "case:changed": _changed,
    "case:completed": _completed,
    "case:terminated": _ended(later("cancelled the case"), later("The case was cancelled"), "bad"),
    "case:failed": _failed,
    "variables:changed": lambda entry, telling: say(entry, telling, _("corrected the data")),
    "task:claimed": _about_task(later("took")),
    "task:released": _about_task(later("gave back")),
    "task:delegated": _given(later("delegated"), later("to %(who)s")),
    "task:handed-back": _given(later("handed"), later("back to %(who)s")),
    "task:sent-back": _sent_back,
    "task:assigned": _given(later("gave"), later("to %(who)s")),
    "task:scheduled": _scheduled,
    "task:put-off": _put_off,
    "task:taken-up": _about_task(later("took up again")),
    "task:unassigned": _unassigned,
    "task:given": _given_by_rule,
    "task:left-free": _given_by_rule,
    "task:completed": _task_completed,
    "task:link-made": _linked_outside(later("made a link to")),
    "task:link-revoked": _linked_outside(later("revoked a link to"), "warn"),
    "decision:evaluated": _decision,
    "adhoc:activated": _activated,
    "adhoc:finished": _finished,
    "escalation:raised": _nobody(later("Escalated:")),
    "timer:fired": _nobody(later("The time came:")),
    **level_sentences.SENTENCES,
    "message:received": _came_in(later("A message came in:")),
    "signal:received": _came_in(later("A signal came in:")),
    "service:completed": _nobody(later("Done by the service:"), "good"),
    "case:suspended": _held,
    "case:resumed": _ended(later("let the case go on"), later("The case goes on, as was planned"), "info"),
    "case:reopened": _back(later("opened the case again")),
    "case:migrated": _version_changed(later("moved the case")),
    "case:returned": _version_changed(later("brought the case back")),
    "case:went-back": _back(later("went back to")),
    "case:modified": _modified(later("changed where the case stands:")),
    "case:change-proposed": _modified(later("proposes to change where the case stands:"), "info"),
    "case:change-refused": _modified(later("refused to change where the case stands;")),
    "case:change-withdrawn": _modified(later("withdrew a proposal;"), "info"),
    "case:adopted": _relative(later("put the case under"), later("The case was put under")),
    "case:restricted": _ended(later("closed the case to all but its owner and its roles"), "", "warn"),
    "case:unrestricted": _ended(later("opened the case to others again"), "", "info"),
    "case:brought-back": _brought_back,
    "case:printed": _ended(later("printed the case"), "", "info"),
    "case:linked": _linked(later("linked the case:")),
    "case:unlinked": _linked(later("took the link away:")),
    "case:merged": _merged,
    "case:split": _split,
    "role:bound": _bound,
    "role:handed-over": _role_handed_over,
    "note:written": _noted(later("wrote")),
    "note:edited": _noted(later("changed")),
    "note:withdrawn": _noted(later("withdrew")),
    "note:answered": _noted(later("answered with")),
    "document:added": _filed(later("added")),
    "document:replaced": _filed(later("added a version of")),
    "document:described": _filed(later("described")),
    "document:held": _filed(later("works on")),
    "document:let-go": _filed(later("let go of")),
    "document:copied": _filed(later("copied")),
    "document:withdrawn": _filed(later("withdrew")),
    "milestone:reached": _milestone,
    "task:added": _added,
    "task:ticked": _about_task(later("ticked items of")),
    "task:withdrawn": _about_task(later("withdrew"), "warn"),
    "fragment:inserted": _relative(later("added the part"), later("A part was added:")),
    "child:opened": _relative(later("opened the case"), later("A case was opened below:")),
    "child:adopted": _relative(later("put here the case"), later("A case was put here:")),
    "child:completed": _relative("", later("A case below is completed:"), "good"),
    "child:terminated": _relative("", later("A case below was cancelled:"), "warn"),
    "child:failed": _relative("", later("A case below got stuck:"), "bad"),
    "service:failed": _nobody(later("The service failed:"), "bad"),
    "call:hurried": _by_hand(later("let it be tried now:")),
    "call:given-up": _by_hand(later("gave it up:"), "bad"),
    "incident:retried": lambda entry, telling: say(entry, telling, _("tried it again")),
}
