"""What another version means for the cases that stand in one place: five questions, and the worst of the answers.

Pure and cheap: nothing is moved, no case is loaded. Cases of one definition with equal `Marking`s that have been in
the same places are judged once; only what they know (`known`) may differ between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from service.engine.change import data, past, words
from service.engine.change.ahead import Region, ahead, undoes
from service.engine.change.compare import Names, compare
from service.engine.change.data import Contents, Missing
from service.engine.change.ending import Trouble, troubles
from service.engine.change.facets import shape, sure
from service.engine.change.marking import FAILED, Marking, Token
from service.engine.change.notices import clocks, notices
from service.engine.change.plan import Judgement, Plan, Reason, Verdict
from service.engine.change.standing import Pair, Scope, Standing
from service.engine.elements.node import Node
from service.engine.parser import Definition
from service.engine.scope import OWNER

NO_NAMES, NO_CONTENTS = Names(), Contents()


def judge(
    before: Definition,
    after: Definition,
    marking: Marking,
    visits: Mapping[str, int],
    plan: Plan | None = None,
    *,
    known: Collection[str] = (),
    names: tuple[Names, Names] = (NO_NAMES, NO_NAMES),
    contents: tuple[Contents, Contents] = (NO_CONTENTS, NO_CONTENTS),
) -> Judgement:
    """What becomes of cases at a marking that move from one version to another under a plan.

    `visits`: `Case.visits`; `known`: variables that each of them has; `names` and `contents`: what the versions are
    linked with, before and after.
    """
    plan = plan or Plan()
    standing = Standing(before, after, marking, plan)
    reasons = list(standing.reasons)
    if marking.status in ("completed", "terminated"):
        return Judgement(Verdict.STAY, (Reason(1, Verdict.STAY, "The case has ended."),), plan)
    reasons += _failed(standing, marking)
    reasons += _past(standing, marking, visits, plan)
    proposed = {**standing.proposed, **plan.elements}
    if not any(reason.verdict.rank >= Verdict.PERSON.rank for reason in reasons):
        was = Standing(before, before, marking, Plan())
        region, former = ahead(standing.scope), ahead(was.scope)
        reasons += _ending(standing, was, region, former)
        reasons += _undoing(standing, region)
        lacking = _needed(standing, was, known, contents)
        reasons += [_lacks(each) for each in lacking]
        reasons += [_given(name, text) for name, text in plan.values.items()]
    reasons += notices(standing, plan, *names)
    found = tuple(sorted(dict.fromkeys(reasons), key=lambda reason: reason.question))
    verdict = max((reason.verdict for reason in found), key=lambda each: each.rank, default=Verdict.EXACT)
    return Judgement(verdict, found, Plan(proposed, plan.values, {**clocks(standing, plan), **plan.clocks}))


def _failed(standing: Standing, marking: Marking) -> Iterator[Reason]:
    for _, old, spot in standing.placed:
        if spot.token.has(FAILED):
            message = f"The case has failed at {words.said(old)}, and may try that again in the new version."
            yield Reason(2, Verdict.SAFE, message, element_id=old.name)
    if marking.status == "failed" and not any(spot.token.has(FAILED) for *_, spot in standing.placed):
        yield Reason(2, Verdict.SAFE, "The case has failed, and may try again in the new version.")


def _past(standing: Standing, marking: Marking, visits: Mapping[str, int], plan: Plan) -> Iterator[Reason]:
    for prefix, pair in standing.pairs.items():
        for token in _roots(marking.root, prefix):
            yield from past.reasons(pair, token, visits, plan.elements)


def _roots(root: Token, prefix: str) -> list[Token]:
    if not prefix:
        return [root]
    return [token for token in root.walk() if token.fact(OWNER) == (prefix.removesuffix(":"),)]


# 3: the end


def _ending(standing: Standing, was: Standing, region: Region, former: Region) -> Iterator[Reason]:
    if _is_unchanged(standing, was, region, former):
        return
    found = troubles(standing.scope, region)
    if any(trouble.kind == "uncaught" for trouble in found):  # where it was so before, that is as it was
        known = {pair.differences.matched.get(name): name for pair in standing.pairs.values() for name in _ids(pair)}
        before = {each.node.name for each in troubles(was.scope, former) if each.kind == "uncaught"}
        found = [each for each in found if each.kind != "uncaught" or known.get(each.node.name) not in before]
    yield from map(_trouble, found)


def _ids(pair: Pair) -> list[str]:
    return list(pair.differences.matched)


def _trouble(trouble: Trouble) -> Reason:
    shown, verdict = words.said(trouble.node), Verdict.STAY if trouble.always else Verdict.PERSON
    element = trouble.node.name
    if trouble.kind == "waits":
        ways = words.listed([words.said(node) for node in trouble.missing], "or")
        would = "would" if trouble.always else "could"
        message = f"At {shown} the case {would} wait for ever: nothing comes any more from {ways or 'elsewhere'}."
        out = "Leave it in its version until it is past that, or put a token on the branch that is missing."
        return Reason(3, verdict, message, out, element)
    if trouble.kind == "uncaught":
        message = f"What {shown} throws would be caught by nothing: the case would fail there."
        return Reason(3, Verdict.PERSON, message, "Catch it in the new version, or leave the case as it is.", element)
    if trouble.kind == "undecided":
        message = f"Around {shown} so many ways are possible that nobody has looked at all of them."
        return Reason(3, Verdict.PERSON, message, "Try one case, and look whether it comes to its end.", element)
    message = f"From {shown} no way leads to an end."
    return Reason(3, verdict, message, "Mend the new version, or leave the case in its own.", element)


def _undoing(standing: Standing, region: Region) -> Iterator[Reason]:
    """Records of how to undo something whose handler is gone: a question only where something may ask for them."""
    thrower = undoes(region)
    for lost in standing.lost:
        shown = words.said(lost.handler)
        if thrower is None:
            message = f"The case could be undone by {shown}, which the new version does not have, nor asks for."
            yield Reason(1, Verdict.SAFE, message, element_id=lost.handler.name)
            continue
        message = f"{words.said(thrower)} would have to undo “{lost.activity}” by {shown}, which is gone."
        name = lost.handler.name
        out = f"Say in the plan what undoes it ({name}: …), or that nothing does ({name}: null)."
        yield Reason(1, Verdict.PERSON, message, out, lost.handler.name)


def _is_unchanged(standing: Standing, was: Standing, region: Region, former: Region) -> bool:
    """Whether the case stands where it stood, and all that lies ahead is as it was: then it ends as it would have."""
    pairs = {pair.before: pair for pair in standing.pairs.values()}
    for definition in former.nodes:
        if definition not in pairs:
            other = next((each for each in region.nodes if each.key == definition.key), None)
            if other is None:
                return False
            pairs[definition] = Pair(definition, other, compare(definition, other))
    if {pairs[each].after for each in former.nodes} != set(region.nodes):
        return False
    if _picture(was.scope, pairs) != _picture(standing.scope, None):
        return False
    return all(_is_alike(pairs[definition], found, region) for definition, found in former.items())


def _is_alike(pair: Pair, found: set[Node], region: Region) -> bool:
    known = pair.differences.matched
    if {known.get(node.name) for node in found} != {node.name for node in region.of(pair.after)}:
        return False
    for node in found:
        new: Node = pair.after.graph.task_specs[known[node.name]]
        if shape(node) != shape(new) or _ways(node, known) != _ways(new, None):
            return False
    return True


def _ways(node: Node, known: Mapping[str, str] | None) -> tuple[object, ...]:
    """Where flows lead from an element, under which conditions as far as these are certain; what hangs on it."""

    def named(name: str) -> str | None:
        return name if known is None else known.get(name)

    said = ((str(named(f.target.name)), str(sure(f)), bool(f.condition), f is node.default) for f in node.outgoing)
    flows = sorted(said)
    joined = sorted(str(named(flow.source.name)) for flow in node.incoming) if node.joins else None
    hung = sorted(str(named(event.name)) for event in node.attached)
    parent = node.element.parent
    return flows, joined, hung, None if parent is None else named(parent), node.undone_by and named(node.undone_by)


def _picture(scope: Scope, pairs: Mapping[Definition, Pair] | None) -> object:
    """A scope with all that is open in it, in a form to be compared; `pairs`: by what its ids are in other versions."""
    pair = pairs.get(scope.definition) if pairs is not None else None

    def named(name: str | None) -> str | None:
        return name if pair is None or name is None else pair.differences.matched.get(name, f"? {name}")

    def flow(name: str) -> str:
        return name if pair is None else pair.differences.flows.get(name, f"? {name}")

    spots = sorted(
        repr(
            (
                named(spot.node.name),
                flow(spot.via.id) if spot.via else "",
                sorted(str(named(node.name)) for node in spot.race),
                spot.gathers,
                spot.more,
                [_picture(inner, pairs) for inner in spot.inside],
            )
        )
        for spot in scope.spots
    )
    rounds = sorted((str(named(name)), sorted(map(flow, flows))) for name, flows in scope.rounds.items())
    return Counter(spots), rounds


# 4: the data


def asked(
    before: Definition,
    after: Definition,
    marking: Marking,
    plan: Plan | None = None,
    contents: tuple[Contents, Contents] = (NO_CONTENTS, NO_CONTENTS),
) -> frozenset[str]:
    """The variables on which question 4 depends: cases at a marking that have them all are judged alike."""
    standing = Standing(before, after, marking, plan or Plan())
    if any(reason.verdict.rank >= Verdict.PERSON.rank for reason in standing.reasons):
        return frozenset()
    was = Standing(before, before, marking, Plan())
    return frozenset(each.name for each in _needed(standing, was, (), contents))


def _needed(
    standing: Standing, was: Standing, known: Collection[str], contents: tuple[Contents, Contents]
) -> list[Missing]:
    """What may be read unset in the version after, and was not in the one before."""
    sure_of = {*known, *standing.plan.values}
    lacking = data.missing(standing.scope, ahead(standing.scope), sure_of, contents[1])
    if not lacking:
        return []
    pair = standing.pairs[""]
    anyhow = {
        (each.name, pair.differences.matched.get(each.node.name))
        for each in data.missing(was.scope, ahead(was.scope), known, contents[0])
    }
    return [each for each in lacking if (each.name, each.node.name) not in anyhow]


def _given(name: str, text: str) -> Reason:
    return Reason(4, Verdict.WITH_PLAN, f"As the plan says, “{name}” is set to {text.lstrip('= ')}.")


def _lacks(lacking: Missing) -> Reason:
    message = f"The {lacking.what} of {words.said(lacking.node)} reads “{lacking.name}”, which the case may not have."
    out = f"Give it a value in the plan: {lacking.name}: …"
    return Reason(4, Verdict.PERSON, message, out, lacking.node.name, lacking.name)
