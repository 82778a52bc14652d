"""Findings that a diagram itself says are meant so: `<case:ignore rule="deadlock" reason="…"/>` at the element."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.engine.definition import RULES, Problem, Severity
from service.engine.normalise import Normalised
from service.engine.xml.document import CASE, MOST_PROBLEMS, line_of

_SHORTEST = 3  #: characters of a reason


@dataclass(frozen=True)
class _Ignored:
    rule: str
    reason: str
    line: int | None
    element_id: str
    name: str | None


def apply(models: Sequence[Normalised], problems: Iterable[Problem], *, rules: Iterable[str] = RULES) -> list[Problem]:
    """The problems without those that are ignored where they are told, and notes about what is ignored in vain.

    `rules` are those that were looked for: of others nobody knows whether they hold.
    """
    found = list(problems)
    looked = set(rules)
    for model in models:
        for each in _ignored(model):
            hits = [
                one for one in found if (one.file, one.element_id, one.rule) == (model.name, each.element_id, each.rule)
            ]
            if len(each.reason) < _SHORTEST:
                found.append(_note(model, each, "It gives no reason why it is ignored.", 'Write reason="…".'))
            elif each.rule not in RULES:
                near = difflib.get_close_matches(each.rule[:60], RULES, n=1)
                advice = f"Did you mean “{near[0]}”?" if near else f"The rules are {', '.join(sorted(RULES))}."
                found.append(_note(model, each, f"There is no rule “{each.rule[:60]}” to be ignored.", advice))
            elif not hits and each.rule in looked:
                message = f"It ignores “{each.rule}”, which nothing here breaks."
                found.append(_note(model, each, message, "Remove the <case:ignore>."))
            else:
                found = [one for one in found if one not in hits]
    return found


def _ignored(model: Normalised) -> list[_Ignored]:
    found: list[_Ignored] = []
    for element in list(model.root.iter(f"{{{CASE}}}ignore"))[:MOST_PROBLEMS]:
        holder = element.getparent()
        owner = holder.getparent() if holder is not None else None
        key = (owner.get("id") or "") if owner is not None else ""
        name = " ".join((owner.get("name") or "").split()) or None if owner is not None else None
        rule, reason = (element.get("rule") or "").strip(), (element.get("reason") or "").strip()
        found.append(_Ignored(rule, reason, line_of(element), key, name))
    return found


def _note(model: Normalised, each: _Ignored, message: str, advice: str) -> Problem:
    return Problem(model.name, message, advice, each.line, each.element_id, each.name, Severity.WARNING)
