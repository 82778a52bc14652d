"""A small office for tests of filters, what its people may see by the rules themselves, and filters at random: each as
its text, and as what it means, evaluated over one task or case after the other in plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.db import db, localnow
from service.execution import offers
from service.execution.search import folded
from service.models import (
    SYSTEM,
    Actor,
    Case,
    CaseLink,
    CaseRole,
    CaseState,
    ClockState,
    HumanTask,
    LinkKind,
    ServiceClock,
    TaskCandidate,
    User,
)
from service.operations import cases, deployments, lifecycle, links, roles, tasks
from service.policy.permissions import Action, may
from tests.operations.family import diagram

SEARCHABLE = 'case:searchable="amount: number, city, person.born: date, urgent: boolean, due: text"'
_ROLES = '<case:roles><case:role id="adviser" name="Adviser" groups="advisers"/></case:roles>'
_STAGES = '<case:stages><case:stage id="intake" name="Intake"/><case:stage id="work" name="Work"/></case:stages>'
LOSS = diagram(
    "loss",
    "LOS",
    '<userTask id="Look" name="Look at {item}" case:candidateGroups="clerks" case:stage="intake"><extensionElements>'
    '<case:serviceLevel kind="response" target="PT2H" warning="50%"/></extensionElements></userTask>'
    '<userTask id="Pay" name="Pay" case:assignee="ben" case:stage="work"/>',
    "Begin Look Pay End",
    attributes=SEARCHABLE,
    extensions=_STAGES + _ROLES + '<case:serviceLevel kind="response" target="P1D"/>',
)
VISIT = diagram(
    "visit",
    "VIS",
    '<userTask id="Go" name="Go there" case:candidateGroups="drivers"/>'
    '<userTask id="Write" name="Write a report" case:candidateUsers="ann"/>',
    "Begin Go End",
    "Begin Write End",
    attributes='case:searchable="city: text, km: number" case:readerGroups="auditors"',
)
CITIES = ["Konstanz", "Köln", "Berlin", "Bern", "100%"]
ITEMS = ["roof", "car", "Red roof", "a_b", "boat"]
Row = Any  # a task or a case


@dataclass
class World:
    people: dict[str, Actor]
    cases: list[Case] = field(default_factory=list)
    now: datetime = field(default_factory=localnow)
    roles: list[CaseRole] = field(default_factory=list)
    links: list[CaseLink] = field(default_factory=list)
    candidates: list[TaskCandidate] = field(default_factory=list)
    open_tasks: list[HumanTask] = field(default_factory=list)
    clocks: list[ServiceClock] = field(default_factory=list)  #: that have not ended

    def read(self) -> None:
        """Take note of all rows, so that what a filter means is worked out without the database."""
        for found, kind in ((self.roles, CaseRole), (self.links, CaseLink), (self.candidates, TaskCandidate)):
            found += db.session.scalars(sa.select(kind))  # type: ignore[operator, arg-type]
        self.clocks += db.session.scalars(sa.select(ServiceClock).where(ServiceClock.ended_at.is_(None)))
        self.open_tasks += db.session.scalars(sa.select(HumanTask).where(HumanTask.closed_at.is_(None)))

    def open_to(self, row: Row, by: Actor) -> bool:
        """Whether more of its case than the task itself shows may be asked."""
        case = _case(row)
        if not isinstance(row, HumanTask) or not case.restricted:
            return True
        held = {each.principal for each in self.roles if each.case_id == case.id}
        return case.owner_id == by.id or not held.isdisjoint(by.principals)

    def tasks_for(self, actor: Actor) -> list[HumanTask]:
        """The open tasks that the rules let `actor` read."""
        return [task for task in self.open_tasks if may(actor, Action.READ_TASK, task)]

    def cases_for(self, actor: Actor) -> list[Case]:
        return [case for case in self.cases if may(actor, Action.READ_CASE, case)]


def build(person: Callable[..., Actor], seed: int = 7) -> World:
    """Twenty cases of two types, in all states, some restricted, linked, owned and with roles."""
    chance = random.Random(seed)
    names = {"ann": ["clerks"], "ben": ["clerks", "drivers"], "mia": ["heads"], "rex": ["auditors"], "zoe": []}
    people = {name: person(name, *groups) for name, groups in names.items()}
    people["eve"] = person("eve", "advisers")
    people["ada"] = person("ada", admin=True)
    deployments.deploy({"loss.bpmn": LOSS, "visit.bpmn": VISIT}, by=SYSTEM)
    world = World(people)
    users = {user.name: user for user in db.session.scalars(sa.select(User))}
    for number in range(20):
        definition = deployments.latest_definition("loss" if number % 3 else "visit")
        assert definition is not None
        known = {"item": chance.choice(ITEMS), "city": chance.choice(CITIES), "km": chance.choice([3, 40, None])}
        known["amount"] = chance.choice([5, 1000, 1000.5, 5000, "much", None])
        known |= {
            "urgent": chance.choice([True, False]),
            "person": {"born": chance.choice(["1990-05-01", "2026-11-30", None])},
            "due": "soon",
        }
        case = cases.begin(definition, known, by=people[chance.choice(["ann", "ben"])])
        world.cases.append(case)
    db.session.commit()
    _live(world, users, chance)
    db.session.commit()
    world.now = localnow()
    world.read()
    return world


def _live(world: World, users: dict[str, User], chance: random.Random) -> None:
    """What happens to the cases and tasks."""
    for place, case in enumerate(world.cases):
        own = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).all()
        case.owner_id = users[chance.choice(list(users))].id if place % 2 else None
        case.priority, case.due_at = chance.choice([10, 50, 90]), _some_day(world, chance)
        for task in own:
            task.priority, task.due_at = chance.choice([10, 50, 90]), _some_day(world, chance)
            task.follow_up_at = _some_day(world, chance)
            offers.keep(task)
        db.session.flush()
        if place % 4 == 1:
            tasks.claim(own[0], by=world.people["ben"])
            if place % 8 == 1:
                tasks.delegate(own[0], by=world.people["ben"], to=users["ann"])
        if place % 5 == 2 and case.case_type == "loss":
            roles.bind(case, "adviser", ["user:eve"], by=SYSTEM)
        if place in (4, 11):
            lifecycle.suspend(case, by=SYSTEM, reason="waits")
        if place in (6, 13):
            cases.cancel(case, by=SYSTEM, reason="twice")
        if place in (1, 2, 7, 17):
            case.restricted = True
    for clock in db.session.scalars(sa.select(ServiceClock).order_by(ServiceClock.id)):
        clock.warn_at, clock.due_at = _some_day(world, chance), _some_day(world, chance)
    for one, other, kind in ((0, 3, LinkKind.RELATED), (5, 8, LinkKind.DUPLICATE), (8, 10, LinkKind.BLOCKS)):
        links.link(world.cases[one], world.cases[other], kind, by=SYSTEM)


def _some_day(world: World, chance: random.Random) -> datetime | None:
    length = chance.choice([None, -timedelta(days=2), timedelta(hours=1), timedelta(days=9)])
    return None if length is None else world.now + length


# --- Filters at random


@dataclass(frozen=True)
class Wanted:
    """A filter, and what it means."""

    text: str
    holds: Callable[[Row, Actor], bool]


def any_filter(chance: random.Random, world: World, *, of_tasks: bool, depth: int = 0) -> Wanted:
    """One of at most three levels."""
    if depth < 2 and chance.random() < (0.75 if depth == 0 else 0.3):
        parts = [any_filter(chance, world, of_tasks=of_tasks, depth=depth + 1) for _ in range(chance.randint(2, 3))]
        if chance.random() < 0.6:
            text = " ".join(part.text for part in parts)
            return Wanted(f"({text})" if depth else text, lambda row, by: all(part.holds(row, by) for part in parts))
        text = "(" + " or ".join(part.text for part in parts) + ")"
        return Wanted(text, lambda row, by: any(part.holds(row, by) for part in parts))
    found = _term(chance, world, of_tasks)
    if chance.random() < 0.25:
        sign = chance.choice(["-", "not "])
        return Wanted(f"{sign}{found.text}", lambda row, by: not found.holds(row, by))
    return found


def _term(chance: random.Random, world: World, of_tasks: bool) -> Wanted:
    makers = [_text, _title, _type, _number, _owner, _opened_by, _role, _link, _fact, _fact, _fact, _times, _priority]
    makers += [_state, _stage, _level]
    makers += [_assignee, _candidate] if of_tasks else [_assignee_of_case]
    return chance.choice(makers)(chance, world, of_tasks)


def _case(row: Row) -> Case:
    return row.case if isinstance(row, HumanTask) else row


def _text(chance: random.Random, _world: World, _of_tasks: bool) -> Wanted:
    word = chance.choice(["roof", "look", "konst", "koln", "LOS", "red roof", "nothing", "los-2", "%", "a_b"])

    def holds(row: Row, _by: Actor) -> bool:
        said = all(each in _case(row).search_text for each in folded(word).split())
        return said or (isinstance(row, HumanTask) and word.lower() in row.name.lower())

    return Wanted(f'"{word}"', holds)


def _title(chance: random.Random, _world: World, _of_tasks: bool) -> Wanted:
    word = chance.choice(["roof", "CAR", "loss", "visit bo", "_", "zzz"])
    return Wanted(f'title:"{word}"', lambda row, _by: word.lower() in _case(row).title.lower())


def _type(chance: random.Random, _world: World, _of_tasks: bool) -> Wanted:
    names = chance.sample(["loss", "visit"], chance.randint(1, 2))
    return Wanted(f"type:({','.join(names)})", lambda row, _by: _case(row).case_type in names)


def _number(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    number = chance.choice(world.cases).number
    if chance.random() < 0.5:
        return Wanted(f"case:{number.lower()}", lambda row, _by: _case(row).number == number)
    begins = number[: chance.randint(2, len(number))]
    return Wanted(f"number:{begins}*", lambda row, _by: _case(row).number.startswith(begins))


def _person(chance: random.Random, world: World) -> str:
    return chance.choice(["me", "none", "any", *world.people, "nobody"])


def _owner(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    name = _person(chance, world)
    ids = {actor.id: each for each, actor in world.people.items()}

    def holds(row: Row, by: Actor) -> bool:
        return world.open_to(row, by) and _fits(name, ids.get(_case(row).owner_id), by)

    return Wanted(f"owner:{name}", holds)


def _fits(wanted: str, value: str | None, by: Actor) -> bool:
    match wanted:
        case "none":
            return value is None
        case "any":
            return value is not None
        case "me":
            return value == by.name
    return value == wanted


def _opened_by(chance: random.Random, _world: World, _of_tasks: bool) -> Wanted:
    name = chance.choice(["me", "ann", "ben"])
    return Wanted(f"opened-by:{name}", lambda row, by: _fits(name, _case(row).created_by, by))


def _role(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    name, part = _person(chance, world), chance.choice(["", ".adviser"])

    def holds(row: Row, by: Actor) -> bool:
        own = [each for each in world.roles if each.case_id == _case(row).id and (not part or each.role == part[1:])]
        return world.open_to(row, by) and _among(name, {each.principal for each in own}, by)

    return Wanted(f"role{part}:{name}", holds)


def _among(name: str, held: set[str], by: Actor) -> bool:
    if name in ("none", "any"):
        return bool(held) == (name == "any")
    asked = by.principals if name == "me" else {f"user:{name}", f"group:{name}"}
    return not held.isdisjoint(asked)


def _link(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    part = chance.choice(["", ".related", ".duplicate"])
    value = chance.choice(["none", "any", "related", "blocks", world.cases[8].number, world.cases[3].number])
    if part and value in ("related", "blocks"):
        value = "any"

    def holds(row: Row, by: Actor) -> bool:
        case = _case(row)
        own = [each for each in world.links if case.id in (each.source_id, each.target_id)]
        found = [each for each in own if not part or each.kind == part[1:]]
        numbers = {each.number for each in world.cases for link in found if each.id in (link.source_id, link.target_id)}
        if value in ("none", "any"):
            linked = bool(found) == (value == "any")
        elif value in ("related", "blocks"):
            linked = any(each.kind == value for each in found)
        else:
            linked = value in numbers - {case.number}
        return world.open_to(row, by) and linked

    return Wanted(f"link{part}:{value}", holds)


def _fact(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    text, holds = chance.choice([_amount, _city, _born, _urgent, _soon])(chance, world)
    return Wanted(text, lambda row, by: world.open_to(row, by) and holds(_case(row)))


Fact = tuple[str, Callable[[Case], bool]]


def _declares(case: Case, name: str) -> Any:
    """The fact, where the case's type declares it."""
    own = {"loss": ("amount", "city", "person.born", "urgent", "due"), "visit": ("city", "km")}[case.case_type]
    found: Any = case.variables if name in own else {}
    for part in name.split("."):
        found = (found or {}).get(part)
    return found


def _amount(chance: random.Random, _world: World) -> Fact:
    name = chance.choice(["amount", "km"])
    low, high = sorted(chance.sample([3, 5, 40, 1000, 1000.5, 4000], 2))
    tests: list[tuple[str, Callable[[float], bool]]] = [
        (f">{low}", lambda n: n > low), (f"<={high}", lambda n: n <= high),
        (f"{low}..{high}", lambda n: low <= n <= high), (f"{low}", lambda n: n == low),
        (f"({low},{high})", lambda n: n in (low, high)), (f"<{low}", lambda n: n < low),
    ]  # fmt: skip
    said, test = chance.choice(tests)
    if chance.random() < 0.2:
        return f"{name}:none", lambda case: not isinstance(_declares(case, name), int | float)
    return f"{name}:{said}", lambda case: isinstance(v := _declares(case, name), int | float) and test(v)


def _city(chance: random.Random, _world: World) -> Fact:
    city = chance.choice([*CITIES, "Bonn"])
    if chance.random() < 0.4:
        begins = city[:2]
        return f'city:"{begins}*"', lambda case: folded(_declares(case, "city") or "").startswith(folded(begins))
    return f'city:"{city.upper()}"', lambda case: folded(_declares(case, "city") or "") == folded(city)


def _born(chance: random.Random, _world: World) -> Fact:
    pairs = [("1990", "1990"), ("2026-11", "2026-11"), ("<2000", "19"), (">=2026-11-30", "2026-11-30")]
    value, test = chance.choice(pairs)
    return f"person.born:{value}", lambda case: (_declares(case, "person.born") or "").startswith(test)


def _urgent(chance: random.Random, _world: World) -> Fact:
    wanted = chance.choice([True, False])
    return f"urgent:{'yes' if wanted else 'no'}", lambda case: _declares(case, "urgent") is wanted


def _soon(_chance: random.Random, _world: World) -> Fact:
    return "fact.due:SOON", lambda case: _declares(case, "due") == "soon"


def _times(chance: random.Random, world: World, of_tasks: bool) -> Wanted:
    name = chance.choice(["due", "due", "follow-up", "created"] if of_tasks else ["due", "due", "created", "closed"])
    attribute = {"due": "due_at", "follow-up": "follow_up_at", "created": "created_at", "closed": "closed_at"}[name]
    midnight, now = world.now.replace(hour=0, minute=0, second=0, microsecond=0), world.now
    day = timedelta(days=1)
    tests: list[tuple[str, Callable[[datetime], bool]]] = [
        ("today", lambda at: midnight <= at < midnight + day),
        (">=tomorrow", lambda at: at >= midnight + day), ("<=today", lambda at: at < midnight + day),
        ("yesterday..tomorrow", lambda at: midnight - day <= at < midnight + 2 * day),
        ("-5d..+5d", lambda at: now - 5 * day <= at <= now + 5 * day), ("<+5d", lambda at: at < now + 5 * day),
    ]  # fmt: skip
    if name in ("due", "follow-up"):
        tests += [("<2d", lambda at: at < now + 2 * day), (">2d", lambda at: at > now + 2 * day)]
    else:
        tests += [("<2d", lambda at: at > now - 2 * day), (">=2d", lambda at: at <= now - 2 * day)]
    said, test = chance.choice(tests)
    if name != "created" and chance.random() < 0.2:
        return Wanted(f"{name}:none", lambda row, _by: getattr(row, attribute) is None)
    return Wanted(f"{name}:{said}", lambda row, _by: (at := getattr(row, attribute)) is not None and test(at))


def _priority(chance: random.Random, _world: World, _of_tasks: bool) -> Wanted:
    tests: list[tuple[str, Callable[[int], bool]]] = [
        (">50", lambda p: p > 50), ("low", lambda p: p < 30), ("(normal,urgent)", lambda p: p >= 30),
        ("10", lambda p: p == 10),
    ]  # fmt: skip
    said, test = chance.choice(tests)
    return Wanted(f"priority:{said}", lambda row, _by: test(row.priority))


def _state(chance: random.Random, world: World, of_tasks: bool) -> Wanted:
    late: Callable[[Row], bool] = lambda row: row.due_at is not None and row.due_at < world.now  # noqa: E731
    of_task: dict[str, Callable[[Row], bool]] = {
        "free": lambda row: row.assignee is None,
        "taken": lambda row: row.assignee is not None,
        "overdue": late,
        "later": lambda row: row.follow_up_at is not None and row.follow_up_at > world.now and not late(row),
        "delegated": lambda row: row.delegated_by is not None,
        "held": lambda row: row.case.state is CaseState.SUSPENDED,
        "stuck": lambda row: row.case.state is CaseState.FAILED,
    }
    of_case: dict[str, Callable[[Row], bool]] = {
        "open": lambda row: row.closed_at is None,
        "active": lambda row: row.state is CaseState.ACTIVE,
        "held": lambda row: row.state is CaseState.SUSPENDED,
        "cancelled": lambda row: row.state is CaseState.TERMINATED,
        "overdue": lambda row: row.closed_at is None and late(row),
        "restricted": lambda row: row.restricted,
    }
    states = of_task if of_tasks else of_case
    names = chance.sample(sorted(states), chance.randint(1, 2))
    return Wanted(f"is:({','.join(names)})", lambda row, _by: any(states[name](row) for name in names))


def _stage(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    name = chance.choice(["intake", "work", "Work", "none", "any"])

    def holds(row: Row, by: Actor) -> bool:
        stage = row.stage
        if isinstance(row, HumanTask) and stage is None:
            if not world.open_to(row, by):
                return False
            stage = row.case.stage
        return _fits(name.lower(), stage, by)

    return Wanted(f"stage:{name}", holds)


def _level(chance: random.Random, world: World, of_tasks: bool) -> Wanted:
    words = chance.sample(["breached", "warned", "ok", "stopped"], chance.randint(1, 2))
    words = words if chance.random() < 0.8 else [chance.choice(["none", "any"])]

    def stands(clock: ServiceClock, word: str) -> bool:
        breached, warned = (at is not None and at <= world.now for at in (clock.due_at, clock.warn_at))
        runs = clock.state is ClockState.RUNNING
        said = {"breached": breached, "warned": warned and not breached, "stopped": not runs}
        return said.get(word, runs and not breached and not warned)

    def holds(row: Row, _by: Actor) -> bool:
        own = [each for each in world.clocks if row.id == (each.task_id if of_tasks else each.case_id)]
        if words[0] in ("none", "any"):
            return bool(own) == (words[0] == "any")
        return any(stands(clock, word) for clock in own for word in words)

    return Wanted(f"level:({','.join(words)})" if len(words) > 1 else f"sla:{words[0]}", holds)


def _assignee(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    name = _person(chance, world)
    return Wanted(f"assignee:{name}", lambda row, by: _fits(name, row.assignee, by))


def _candidate(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    name = chance.choice([*world.people, "me", "none", "any", "clerks", "drivers"])

    def holds(row: Row, by: Actor) -> bool:
        return _among(name, {each.principal for each in world.candidates if each.task_id == row.id}, by)

    return Wanted(f"candidate:{name}", holds)


def _assignee_of_case(chance: random.Random, world: World, _of_tasks: bool) -> Wanted:
    name = chance.choice(["me", *world.people])

    def holds(row: Row, by: Actor) -> bool:
        own = {task.assignee for task in world.open_tasks if task.case_id == row.id}
        return (by.name if name == "me" else name) in own

    return Wanted(f"assignee:{name}", holds)
