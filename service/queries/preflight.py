"""THE PRE-FLIGHT: what a version means for all cases that run under the others, before anything happens to them.

Cases are counted by where they stand (`classes.py`), and each class of them is judged once, so it costs what the
classes cost. Only where the verdict hangs on variables that not every case has are single cases looked at, by SQL. A
class is never judged better than one of its cases.

All cases are counted, whoever asks; which of them are shown is decided where their rows are chosen.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload

from service.db import db
from service.engine.change.compare import Differences
from service.engine.change.marking import Marking
from service.engine.change.plan import Judgement, Plan, Reason, Verdict
from service.engine.change.whereabouts import Whereabouts, whereabouts
from service.errors import NotFound
from service.execution import judging
from service.execution.chosen import Chosen
from service.execution.judging import Version, version_of
from service.languages import _
from service.models import Actor, Case, ProcessDefinition, User
from service.queries.choosing import conditions
from service.queries.classes import AT_ONCE, Conditions, Stood, counted, knowing, rows
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import readable

SAMPLES = 3  #: cases shown of a class
MOST_JUDGED = 5000  #: classes of one version; what stands in rarer ones is judged as it moves
NO_PLANS: Mapping[int, Plan] = {}
_OLDEST = (Sort(Case.id, uuid.UUID),)
_NOT_ASKED = "These cases stand in too many different places for all of them to be judged beforehand."
_NOWHERE = Whereabouts("an unknown place", (), ())
_LOST = "Look at it in the list of incidents, or ask who runs the installation."
_ASK_ONE = "Look at one of them, and move it by itself: each is judged as it moves."


@dataclass(frozen=True)
class _Part:
    """Rows of `case` of one version that are judged alike."""

    signature: str | None  #: None: no row says it
    has: frozenset[str] = frozenset()  #: variables that they have
    lacks: frozenset[str] = frozenset()
    unsigned: tuple[uuid.UUID, ...] = ()  #: cases whose rows do not say their signature yet


@dataclass(frozen=True)
class CaseClass:
    """Running cases that stand alike and of which the same is to be said."""

    id: str  #: the same whenever the same is to be said of the same place
    cases: int
    words: str  #: where they stand: “Assess the claim” and “Photos”
    before: tuple[str, ...]  #: ids of the elements where they stand, one for each token
    after: tuple[str, ...]  #: where they would stand in the new version
    verdict: Verdict
    reasons: tuple[Reason, ...]
    plan: Plan  #: what is proposed for them
    samples: tuple[Case, ...] = ()  #: some of them that the reader may see
    parts: tuple[_Part, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class OfVersion:
    """The running cases of one version."""

    source: Version
    differences: Differences  #: between it and the new version: `listed` is in words
    classes: tuple[CaseClass, ...]  #: the worst first, then the most
    plan: Plan  #: of all classes together
    among: Conditions = field(default=(), repr=False)  #: which of them were asked about, as conditions on their rows

    @property
    def cases(self) -> int:
        """How many there are."""
        return sum(each.cases for each in self.classes)

    @property
    def by_verdict(self) -> Mapping[Verdict, int]:
        """How many there are of each verdict; all five are there."""
        return {verdict: sum(e.cases for e in self.classes if e.verdict is verdict) for verdict in Verdict}


@dataclass(frozen=True)
class Preflight:
    """What a version means for all cases that run under other versions of its process."""

    target: Version
    versions: tuple[OfVersion, ...]  #: those with running cases, the newest first

    @property
    def cases(self) -> int:
        """How many there are."""
        return sum(each.cases for each in self.versions)

    @property
    def by_verdict(self) -> Mapping[Verdict, int]:
        """How many there are of each verdict; all five are there."""
        return {verdict: sum(each.by_verdict[verdict] for each in self.versions) for verdict in Verdict}

    @property
    def is_clear(self) -> bool:
        """Whether every case can move, perhaps with the plan: none needs a person or must stay."""
        return not (self.by_verdict[Verdict.PERSON] or self.by_verdict[Verdict.STAY])

    def named(self, class_id: str) -> tuple[OfVersion, CaseClass]:
        """The class with this id, and the version it is of. Raises `NotFound` once its cases have gone on."""
        for of_version in self.versions:
            for each in of_version.classes:
                if each.id == class_id:
                    return of_version, each
        raise NotFound(_("No running case stands like that any more."))


def of(
    target: Version,
    *,
    by: Actor,
    sources: Sequence[ProcessDefinition] | None = None,
    plan: Plan | None = None,
    plans: Mapping[int, Plan] = NO_PLANS,
    samples: int = SAMPLES,
    among: Chosen | None = None,
) -> Preflight:
    """What `target` means for running cases: of `sources`, or of all other versions of its process; of those that are
    chosen (`among`), or of all.

    `plan`, or `plans` by the number of the version before: what has been decided so far; each class says what it
    proposes beside.
    """
    chosen = _versions(target) if sources is None else sources
    those = conditions(among, by=by) if among is not None else ()
    plan = plan or Plan()
    found = [_of_version(version_of(each.id), target, plans.get(each.version, plan), those) for each in chosen]
    shown = [replace(each, classes=tuple(_shown(each, by, samples))) for each in found if each.classes]
    return Preflight(target, tuple(shown))


def of_deployed(
    definition: ProcessDefinition, *, by: Actor, source: ProcessDefinition | None = None, among: Chosen | None = None
) -> Preflight:
    """The same of a version that is deployed; of all other versions, or of one."""
    return of(version_of(definition.id), by=by, sources=None if source is None else [source], among=among)


def cases_of(
    of_version: OfVersion, chosen: CaseClass, *, by: Actor, limit: int = LIMIT, cursor: str | None = None
) -> Page[Case]:
    """The cases of a class that `by` may read, the oldest first; without variables, visits and marks."""
    return page(
        Case, _rows(of_version, chosen), readable(by), sorts=_OLDEST, limit=limit, cursor=cursor, options=_LIGHT
    )


def rows_of(of_version: OfVersion, chosen: CaseClass) -> sa.ColumnElement[bool]:
    """Which rows of `case` a class is of, whoever may read them: for an order that moves them."""
    return _rows(of_version, chosen)


def cases_in(
    found: Preflight, class_id: str | None, *, by: Actor, limit: int = LIMIT, cursor: str | None = None
) -> Page[Case]:
    """The same by the id of the class; of all classes without one, and none where there is no such class any more."""
    of_all = ((of_version, each) for of_version in found.versions for each in of_version.classes)
    chosen = [_rows(of_version, each) for of_version, each in of_all if class_id in (None, each.id)]
    return page(
        Case, sa.or_(sa.false(), *chosen), readable(by), sorts=_OLDEST, limit=limit, cursor=cursor, options=_LIGHT
    )


_LIGHT = (
    defer(Case.inline),
    defer(Case.visits),
    defer(Case.marked),
    joinedload(Case.owner).load_only(User.name, User.display_name),
)


def _versions(target: Version) -> Sequence[ProcessDefinition]:
    """Those with running cases, the newest first."""
    wanted = sa.select(ProcessDefinition).where(ProcessDefinition.key == target.key)
    if target.id is not None:
        wanted = wanted.where(ProcessDefinition.id != target.id)
    runs = sa.select(Case.id).where(Case.definition_id == ProcessDefinition.id, Case.closed_at.is_(None))
    there = runs.limit(1).scalar_subquery().is_not(None)
    return db.session.scalars(wanted.where(there).order_by(ProcessDefinition.version.desc())).all()


# Judging


def _of_version(source: Version, target: Version, plan: Plan, among: Conditions) -> OfVersion:
    found = _Looking(source, target, plan, among).classes()
    classes = tuple(sorted(found, key=lambda each: (-each.verdict.rank, -each.cases, each.words)))
    elements = {name: to for each in classes for name, to in each.plan.elements.items()}
    clocks = {name: clock for each in classes for name, clock in each.plan.clocks.items()}
    return OfVersion(source, judging.differences(source, target), classes, Plan(elements, plan.values, clocks), among)


class _Looking:
    """Judges the classes of one version, and puts those together of which the same is to be said."""

    def __init__(self, source: Version, target: Version, plan: Plan, among: Conditions) -> None:
        self.source, self.target, self.plan, self.among = source, target, plan, among
        self.found: dict[str, CaseClass] = {}
        self.judged = 0

    def classes(self) -> Iterable[CaseClass]:
        assert self.source.id is not None
        for stood in counted(self.source.id, self.among):
            if stood.marking is None:
                unread = Reason(1, Verdict.STAY, f"The case cannot be read: {stood.problem}", _LOST)
                self._add(stood, frozenset(), frozenset(), stood.cases, stood.unsigned, _stays(unread, self.plan))
            elif self.judged >= MOST_JUDGED:
                unasked = _stays(Reason(1, Verdict.STAY, _NOT_ASKED, _ASK_ONE), self.plan)
                self._add(stood, frozenset(), frozenset(), stood.cases, stood.unsigned, unasked)
            else:
                self._judge(stood, stood.marking)
        return self.found.values()

    def _judge(self, stood: Stood, marking: Marking) -> None:
        names = judging.asked(self.source, self.target, marking, self.plan)
        for has, cases, unsigned in knowing(stood, names, self.among):
            found = judging.judged(self.source, self.target, marking, stood.visits, self.plan, has)
            self._add(stood, has, names - has, cases, unsigned, found)
            self.judged += 1

    def _add(
        self,
        stood: Stood,
        has: frozenset[str],
        lacks: frozenset[str],
        cases: int,
        unsigned: tuple[uuid.UUID, ...],
        found: Judgement,
    ) -> None:
        place = _NOWHERE
        if stood.marking is not None:
            place = whereabouts(self.source.definition, self.target.definition, stood.marking, found.plan)
        said = str(self.source.id), place, found.verdict, found.reasons, sorted(found.plan.as_json().items())
        name = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
        part = _Part(stood.signature if stood.signed else None, has, lacks, unsigned)
        known = self.found.get(name)
        if known is None:
            known = CaseClass(name, 0, place.words, place.before, place.after, found.verdict, found.reasons, found.plan)
        self.found[name] = replace(known, cases=known.cases + cases, parts=(*known.parts, part))


def _stays(reason: Reason, plan: Plan) -> Judgement:
    return Judgement(Verdict.STAY, (reason,), plan)


# Which cases they are


def _shown(of_version: OfVersion, by: Actor, samples: int) -> Iterable[CaseClass]:
    for each in of_version.classes:
        some = sa.select(Case).where(_rows(of_version, each), readable(by)).order_by(Case.id).limit(samples)
        yield replace(each, samples=tuple(db.session.scalars(some.options(*_LIGHT)).unique()))


def _rows(of_version: OfVersion, chosen: CaseClass) -> sa.ColumnElement[bool]:
    """Which rows of `case` a class is of; of cases without a signature the first ones."""
    source = of_version.source
    assert source.id is not None
    said = [rows(source.id, part.signature, part.has, part.lacks) for part in chosen.parts if part.signature]
    ids = [case_id for part in chosen.parts for case_id in part.unsigned][:AT_ONCE]
    unsigned = sa.and_(Case.id.in_(ids), Case.definition_id == source.id, Case.closed_at.is_(None))
    return sa.and_(sa.or_(*said, unsigned), *of_version.among)
