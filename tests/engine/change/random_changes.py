"""Random processes, random edits of them, and cases that stand anywhere: what is judged, and what then happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import count

from service.engine.change.compare import compare
from service.engine.change.judge import judge
from service.engine.change.marking import marking, signature
from service.engine.change.move import move
from service.engine.change.plan import Judgement, Plan, Verdict
from service.engine.definition import Refused
from service.engine.errors import Unmovable
from service.engine.parser import Definition
from service.engine.workflow import Workflow
from tests.engine.change.versions import Walk, run_out
from tests.engine.diagrams import package
from tests.engine.random_processes import Block, Drawing, Drawn, chosen

_GUARDS = ("", "", "", "stop", "remind")
_OTHER_JOIN = {"and": "exclusiveGateway", "xor": "parallelGateway", "or": "exclusiveGateway"}


class Kept(Drawing):
    """Draws blocks under the names that they have, so that an edited process keeps the ids of what stays; a fork with
    `flag` ends in another kind of gateway than it should."""

    def __init__(self, numbers: count[int]) -> None:
        super().__init__()
        self.numbers = numbers

    def draw(self, block: Block, items: tuple[str, ...]) -> Drawn:
        block.name = block.name or f"{block.kind}{next(self.numbers)}"
        drawn: Drawn = getattr(self, f"_{block.kind}")(block, items)
        return self._guarded(block, items, drawn) if block.guard else drawn

    def _fork(self, block: Block, items: tuple[str, ...], kind: str) -> Drawn:
        elements, split, join = super()._fork(block, items, kind)
        if block.flag:
            other = _OTHER_JOIN[block.kind]
            elements = elements.replace(f'<{kind} id="{join}" name="{join}"></{kind}>', f'<{other} id="{join}"/>')
        return elements, split, join


def grown(chance: random.Random, size: int) -> Block:
    """A random block of about so many tasks."""
    if size <= 1:
        return Block("task", guard=chance.choice(_GUARDS))
    kind = chance.choice(["seq", "seq", "seq", "and", "and", "xor", "or", "back", "loop", "mi", "sub", "sub", "call"])
    if kind in ("seq", "and", "xor", "or"):
        parts = min(size, chance.choice([2, 2, 3]))
        inner = [grown(chance, size // parts) for _ in range(parts)]
        return Block(kind, inner, chance.randint(1, 7))
    guard = "" if kind == "back" else chance.choice(_GUARDS)
    return Block(kind, [grown(chance, size - 1)], chance.randint(1, 3), kind == "mi" and chance.random() < 0.5, guard)


def blocks_in(block: Block) -> list[Block]:
    return [block, *(each for inner in block.inner for each in blocks_in(inner))]


# Edits


def _put(block: Block, other: Block) -> None:
    """Let a block be another one."""
    block.__dict__.update(other.__dict__)


def _copied(block: Block) -> Block:
    return Block(block.kind, block.inner, block.number, block.flag, block.guard, block.name)


def _after(chance: random.Random, block: Block) -> None:
    _put(block, Block("seq", [_copied(block), Block("task")], name=""))


def _before(chance: random.Random, block: Block) -> None:
    _put(block, Block("seq", [Block("task"), _copied(block)], name=""))


def _beside(chance: random.Random, block: Block) -> None:
    _put(block, Block(chance.choice(["and", "xor", "or"]), [_copied(block), Block("task")], chance.randint(1, 3)))


def _branch(chance: random.Random, block: Block) -> None:
    if block.kind in ("and", "xor", "or", "seq"):
        block.inner.insert(chance.randint(0, len(block.inner)), Block("task"))


def _gone(chance: random.Random, block: Block) -> None:
    if len(block.inner) > 1:
        block.inner.pop(chance.randrange(len(block.inner)))


def _wrapped(chance: random.Random, block: Block) -> None:
    kind = chance.choice(["sub", "sub", "back", "mi", "loop", "call"])
    _put(block, Block(kind, [_copied(block)], chance.randint(1, 3)))


def _unwrapped(chance: random.Random, block: Block) -> None:
    if block.kind in ("sub", "back", "mi", "loop", "call"):
        _put(block, _copied(block.inner[0]))


def _other_kind(chance: random.Random, block: Block) -> None:
    alike = {"and": ["xor", "or"], "xor": ["and", "or"], "or": ["and", "xor"], "sub": ["mi", "loop"], "mi": ["sub"]}
    if block.kind in alike:
        block.kind = chance.choice(alike[block.kind])


def _other_join(chance: random.Random, block: Block) -> None:
    if block.kind in _OTHER_JOIN:
        block.flag = not block.flag


def _other_name(chance: random.Random, block: Block) -> None:
    if block.kind in ("task", "sub"):
        block.name = ""


def _other_guard(chance: random.Random, block: Block) -> None:
    if block.kind in ("task", "sub", "mi", "loop", "call"):
        block.guard = chance.choice(_GUARDS)


def _other_number(chance: random.Random, block: Block) -> None:
    block.number = chance.randint(1, 7 if block.kind in ("xor", "or") else 3)


def _swapped(chance: random.Random, block: Block) -> None:
    chance.shuffle(block.inner)


EDITS: list[Callable[[random.Random, Block], None]] = [
    *(_after, _before, _beside, _branch, _branch, _gone, _gone, _wrapped, _unwrapped, _unwrapped),
    *(_other_kind, _other_kind, _other_join, _other_name, _other_guard, _other_number, _swapped),
]


@dataclass
class Trial:
    """One process, its edit, and a case that stands somewhere."""

    before: Definition
    after: Definition
    walk: Walk
    judgement: Judgement
    answers: dict[str, list[bool]]
    actions: list[tuple[str, str, int, dict[str, bool]]]
    has_loops: bool
    said: str = ""  #: for whoever reads of a failure


def attempt(seed: int) -> Trial | None:
    """A trial; None where the edit makes no process, or the case has ended."""
    chance = random.Random(seed)
    numbers = count()
    block = grown(chance, chance.randint(2, 9))
    before = package(*Kept(numbers).whole(block)).definitions["p"]
    edited = deepcopy(block)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        chance.choice(EDITS)(chance, chance.choice(blocks_in(edited)))
    try:
        after = package(*Kept(numbers).whole(edited)).definitions["p"]
    except Refused:
        return None
    answers = {f"again_{each.name}": [True, False] for each in (*blocks_in(block), *blocks_in(edited))
               if each.kind == "back"}  # fmt: skip
    walk = Walk.begin(before, {})
    actions = [act(walk, *choose(walk, chance, answers)) for _ in range(chance.randint(0, 8)) if is_open(walk)]
    if not is_open(walk):
        return None
    known = tuple(walk.workflow.variables)
    found = judge(before, after, marking(walk.workflow), walk.visits, known=known)
    loops = any(each.kind in ("back", "loop") for each in (*blocks_in(block), *blocks_in(edited)))
    said = f"{seed}: {shown(block)} → {shown(edited)}; {actions}"
    return Trial(before, after, walk, found, answers, actions, loops, said)


def shown(block: Block) -> str:
    """A block as text."""
    inner = ", ".join(map(shown, block.inner))
    taken = f"#{chosen(block)}" if block.kind in ("xor", "or") else ""
    return f"{block.name}{'!' * block.flag}{taken}{block.guard and '^' + block.guard}" + (f"({inner})" if inner else "")


def is_open(walk: Walk) -> bool:
    return walk.workflow.state == "active"


Action = tuple[str, str, int, dict[str, bool]]


def options(walk: Walk) -> list[tuple[str, str, int]]:
    """What may be done: (what, element, which of several)."""
    work = walk.workflow.open_work()
    seen: dict[tuple[str, str], int] = {}
    found = []
    for what, items in (("complete", work.tasks), ("fire", work.timers)):
        for item in items:
            place = seen[what, item.element_id] = seen.get((what, item.element_id), -1) + 1
            found.append((what, item.element_id, place))
    return sorted(found)


def choose(walk: Walk, chance: random.Random, answers: dict[str, list[bool]]) -> Action:
    found = options(walk)
    tasks = [each for each in found if each[0] == "complete"]
    what, element, place = chance.choice(tasks if tasks and chance.random() < 0.8 else found)
    return what, element, place, {name: chance.choice(values) for name, values in answers.items()}


def act(walk: Walk, what: str, element: str, place: int, data: dict[str, bool]) -> Action:
    """Do it; raises IndexError when there is no such thing."""
    work = walk.workflow.open_work()
    if what == "complete":
        walk.workflow.complete([task for task in work.tasks if task.element_id == element][place].activity_id, data)
    else:
        timer = [timer for timer in work.timers if timer.element_id == element][place]
        assert timer.due_at is not None
        walk.workflow.now = max(walk.workflow.now, timer.due_at)
        walk.workflow.fire(timer.timer_id)
    walk.note()
    return what, element, place, data


def results(trial: Trial, orders: int = 4) -> set[str]:
    """How the case ends once it is moved, in several orders; `unmovable` where it cannot be."""
    found = set()
    for order in range(orders):
        try:
            found.add(run_out(moved(trial, trial.judgement.plan), order, trial.answers))
        except Unmovable as problem:
            return {f"unmovable: {problem}"}
    return found


def moved(trial: Trial, plan: Plan) -> Workflow:
    now = trial.walk.workflow.now
    workflow = Workflow.load(trial.before, trial.walk.workflow.dump(), trial.walk.workflow.variables, now=now)
    return move(trial.before, trial.after, workflow, plan, now=now).workflow


def parts(trial: Trial) -> str:
    """Where a case that is judged exact, moved, and one opened on the new version part; empty: they never do."""
    anew, known = Walk.begin(trial.after, {}), matched(trial)
    gone = Walk(trial.after, moved(trial, trial.judgement.plan), trial.walk.visits.copy())
    try:
        for action in trial.actions:
            act(anew, action[0], known.get(action[1], action[1]), *action[2:])
    except IndexError:
        return f"the new version has no {action[:3]}"
    if signature(anew.workflow) != signature(gone.workflow):
        return "they stand elsewhere"
    chance, renamed = random.Random(len(trial.actions)), {new for old, new in known.items() if old != new}
    for _ in range(60):
        if not is_open(anew) or not options(anew):
            break
        action = choose(anew, chance, trial.answers)
        try:
            act(anew, *action)
            act(gone, *action)
        except IndexError:
            return f"only one has {action[:3]}"
    quiet = ("sequenceFlow", "exclusiveGateway")  # what only brings ways together leaves no history
    told = {name for name, element in trial.after.elements.items() if element.type not in quiet and name not in renamed}
    one, other = ({name: n for name, n in each.visits.items() if name in told} for each in (anew, gone))
    return "" if one == other else f"other history: {sorted(set(one.items()) ^ set(other.items()))}"


def matched(trial: Trial) -> dict[str, str]:
    """What each element is in the new version, those of called processes too."""
    found: dict[str, str] = {}
    for key in (trial.before.key, *trial.before._siblings):
        one, other = trial.before.called(key), trial.after.called(key)
        if one is not None and other is not None:
            found |= compare(one, other).matched
    return found


@dataclass
class Tally:
    """What came of many trials."""

    trials: int = 0
    exact: int = 0
    may_move: int = 0
    wrong_safe: int = 0
    held: int = 0  #: needs a person or must stay
    wrong_held: int = 0  #: of these, those that could have moved as they are and come to their end


def weigh(tally: Tally, trial: Trial) -> str:
    """Count a trial; what is wrong with it, or nothing."""
    tally.trials += 1
    verdict = trial.judgement.verdict
    came = results(trial)
    if verdict.rank > Verdict.WITH_PLAN.rank:
        tally.held += 1
        tally.wrong_held += came == {"completed"}
        return ""
    tally.may_move += 1
    if came != {"completed"}:
        tally.wrong_safe += 1
        return f"{verdict}, but {came}"
    if verdict is Verdict.EXACT:
        tally.exact += 1
        if not trial.has_loops and (why := parts(trial)):
            return f"exact, but {why}"
    return ""
