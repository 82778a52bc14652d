"""Pairs of versions, and what the second means for a case at each of some places in the first: known by thinking.

Each place is reached by steps (`versions.Walk.do`); `E` to `T` say the verdict. The test judges, and where a case may
move it moves and is run to its end in many orders; where it must not, what would happen is looked at as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.engine.change.compare import Names
from service.engine.change.data import Contents
from service.engine.change.plan import Clock, Plan, Verdict
from service.engine.checks.instances import FormNames
from service.engine.parser import Definition
from tests.engine.change.versions import process, scope, version
from tests.engine.diagrams import node, script, timer
from tests.engine.with_events import ERROR, MESSAGE, OTHER, SIGNAL, UNDO, boundary, reaction

E, S, P, Q, T = Verdict.EXACT, Verdict.SAFE, Verdict.WITH_PLAN, Verdict.PERSON, Verdict.STAY


@dataclass(frozen=True)
class At:
    """A place: the steps that lead there, and what the other version means there."""

    steps: str
    verdict: Verdict
    says: str = ""  #: a part of one of the reasons
    plan: Plan | None = None
    known: str = ""  #: variables that each case is taken to have
    anew: str | None = None  #: of an exact one the steps that lead there in the new version, where they are others


@dataclass(frozen=True)
class Pair:
    """Two versions and some places."""

    name: str
    before: Definition
    after: Definition
    at: tuple[At, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, list[Any]] = field(default_factory=dict)
    names: tuple[Names, Names] = (Names(), Names())
    contents: tuple[Contents, Contents] = (Contents(), Contents())


PAIRS: list[Pair] = []


def pair(name: str, before: Definition, after: Definition, *at: At, **more: Any) -> None:
    PAIRS.append(Pair(name, before, after, at, **more))


def plan(*clocks: tuple[str, Clock], values: Mapping[str, str] | None = None, **elements: str | None) -> Plan:
    return Plan(elements, values or {}, dict(clocks))


def many(count: str = "3", *, sequential: bool = False, until: str = "") -> str:
    ends = f"<completionCondition>{until}</completionCondition>" if until else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<loopCardinality>{count}</loopCardinality>{ends}</multiInstanceLoopCharacteristics>"
    )


def catch(name: str, definition: str, tag: str = "intermediateCatchEvent", **more: str) -> str:
    return node(tag, name, definition, **more)


# Nothing that matters

straight = version("s A B C e")
pair("the same", straight, version("s A B C e"), At("", E), At("A", E), At("A; B", E))
pair(
    "a task is called otherwise",
    straight,
    version("s A B C e", more='<userTask id="B" name="Decide"/>'),
    *(At("", E), At("A", E, "is called"), At("A; B", E)),
)

# Steps that come and go

pair("step added at the end", straight, version("s A B C D e"), At("", E), At("A", E), At("A; B", E))
pair("step added between", straight, version("s A N B C e"), At("", E), At("A", S, "“N” is new"), At("A; B", S, "“N”"))
pair("step added at the start", straight, version("s N A B C e"), At("", S, "“N” is new"), At("A", S), At("A; B", S))
pair(
    "step removed",
    straight,
    version("s A C e"),
    At("", E),
    At("A", Q, "does not have"),
    At("A", P, plan=plan(B="C")),
    At("A; B", S, "has passed “B”"),
)
pair("last step removed", straight, version("s A B e"), At("", E), At("A; B", Q), At("A; B", P, plan=plan(C=None)))
pair(
    "step renamed: another id, the same name",
    straight,
    version("s A b2 C e", more='<userTask id="b2" name="B"/>'),
    At("", E),
    At("A", P, "with the id “b2”"),
    At("A; B", E, anew="A; b2"),
)
pair(
    "step replaced by one at the same place",
    straight,
    version("s A X C e"),
    *(At("", E), At("A", P, "“X”"), At("A", P, plan=plan(B="X"))),
)
pair(
    "a task that is one of two now",
    version("s A B C e"),
    version("s A g", "g X C", "g Y: x == 1", "Y C e", xor="g"),
    *(At("", E), At("A", Q, "does not have"), At("A; B", S)),
    answers={"x": [1, 2]},
)
pair(
    "two that may be the one",
    version("s a1 g", "g B1 j", "g B2 j", "j e", and_="g j"),
    version("s a1 g", "g X1 j", "g X2 j", "j e", and_="g j"),
    *(At("", E), At("a1", Q, "may be")),
)
pair(
    "two steps change places",
    straight,
    version("s B A C e"),
    *(At("", S), At("A", S), At("A; B", S)),
)
pair(
    "user task becomes a service task",
    straight,
    version("s A B C e", service="B"),
    *(At("", E), At("A", T, "that is a service task"), At("A; B", S)),
)
pair(
    "user task becomes a manual task",
    straight,
    version("s A B C e", more='<manualTask id="B" name="B"/>'),
    At("A", E),
    At("A; B", S),
)
pair(
    "task becomes a sub-process",
    straight,
    version("s A B C e", more=scope("B", "sB B1 B2 eB")),
    At("", E),
    At("A", Q, "a step inside"),
    At("A", P, plan=plan(B="B1")),
    At("A", P, plan=plan(B="B2")),
    At("A; B", S),
)

# Gateways

ab = version("s A g", "g B j", "g C j", "j D e", and_="g j")
pair(
    "step added in a branch that is under way",
    ab,
    version("s A g", "g B N j", "g C j", "j D e", and_="g j"),
    At("", E),
    At("A", E),
    At("A; B", P, "“N”"),
    At("A; C", E),
    At("A; B; C", S, "“N” is new"),
)
pair(
    "the same, as a modeller draws it",
    version("s A g", "g B [f2] j", "g C j", "j D e", and_="g j"),
    version("s A g", "g B [f2] N [f9] j", "g C j", "j D e", and_="g j"),
    *(At("A", E), At("A; B", P, "has passed"), At("A; C", E), At("A; B; C", S)),
)
pair(
    "step added in a branch, before what is open there",
    ab,
    version("s A g", "g N B j", "g C j", "j D e", and_="g j"),
    *(At("", E), At("A", S), At("A; B", S), At("A; C", S)),
)
pair(
    "third branch",
    ab,
    version("s A g", "g B j", "g C j", "g N j", "j D e", and_="g j"),
    At("", E),
    At("A", T, "wait for ever"),
    At("A; B", T, "nothing comes any more from “N”"),
    At("A; B; C", S),
)
pair(
    "third branch with an end of its own",
    ab,
    version("s A g", "g B j", "g C j", "g N e2", "j D e", and_="g j"),
    *(At("", E), At("A", S, "left out"), At("A; B", S), At("A; B; C", S)),
)
pair(
    "branch removed",
    version("s A g", "g B j", "g C j", "g N j", "j D e", and_="g j"),
    ab,
    At("", E),
    At("A", Q),
    At("A", P, plan=plan(N=None)),
    At("A; N", Q, "no such branch"),
    At("A; N; B", Q),
    At("A; N; B; C", S),
)
pair(
    "exclusive becomes parallel",
    version("s A g", "g B j: x == 1", "g C j", "j D e", xor="g j"),
    version("s A g", "g B j", "g C j", "j D e", and_="g j"),
    At("", E),
    At("A x=1", T, "wait for ever"),
    At("A x=2", T),
    At("A x=1; B", S),
)
pair(
    "parallel becomes exclusive",
    ab,
    version("s A g", "g B j: x == 1", "g C j", "j D e", xor="g j"),
    At("", E, known="x"),
    At("A", S),
    At("A; B", T, "nothing waits there"),
    At("A; B; C", S),
    variables={"x": 1},
)
pair(
    "parallel becomes inclusive",
    ab,
    version("s A g", "g B j: x == 1", "g C j: True", "j D e", or_="g j"),
    *(At("", E, known="x"), At("A", S), At("A; B", S), At("A; B; C", S)),
    variables={"x": 1},
)
pair(
    "inclusive becomes parallel",
    version("s A g", "g B j: x == 1", "g C j: True", "j D e", or_="g j"),
    ab,
    *(At("", E), At("A x=2", T), At("A x=1", S), At("A x=1; B", S), At("A x=2; C", S)),
)
pair(
    "join added where two ways ran on their own",
    version("s A g", "g B e", "g C e2", and_="g"),
    version("s A g", "g B j", "g C j", "j e", and_="g j"),
    *(At("", E), At("A", E), At("A; B", T, "wait for ever"), At("A; C", T)),
)
pair(
    "join removed",
    version("s A g", "g B j", "g C j", "j D e", and_="g j"),
    version("s A g", "g B D", "g C D", "D e", and_="g"),
    *(At("", E), At("A", E), At("A; B", Q), At("A; B; C", S)),
)
pair(
    "only the join becomes exclusive",
    ab,
    version("s A g", "g B j", "g C j", "j D e", and_="g", xor="j"),
    *(At("A", E), At("A; B", T, "nothing waits there"), At("A; B; C", S)),
)
pair(
    "a branch may be left out, and the join still waits",
    ab,
    version("s A g", "g B h", "h j: x == 1", "h e2", "g C j", "j D e", and_="g j", xor="h"),
    *(At("A", Q, "could wait for ever", known="x"), At("A; C", Q, known="x"), At("A; B; C", S)),
    variables={"x": 1},
)
pair(
    "loop added",
    version("s A B e"),
    version("s A h B g", "g e", "g h: again", xor="g h"),
    *(At("", E, known="again"), At("A", E, known="again")),
    variables={"again": False},
    answers={"again": [True, False]},
)
pair(
    "loop removed",
    version("s h A B g", "g e", "g h: again", xor="g h"),
    version("s A B e"),
    *(At("", E), At("A", E), At("A; B again=True", E, anew=""), At("A; B again=True; A", E, anew="A")),
    answers={"again": [True, False]},
)
pair(
    "a step of a round that is over is gone",
    version("s h A g", "g B e", "g R h: again", xor="g h"),
    version("s h A g", "g B e", "g h: again", xor="g h"),
    *(At("", E), At("A again=True", Q), At("A again=True; R", E, anew=""), At("A again=False", E)),
    variables={"again": False},
    answers={"again": [True, False]},
)
pair(
    "condition changed",
    version("s A g", "g B: x > 5", "g C", "B D", "C D e", xor="g"),
    version("s A g", "g B: x > 9", "g C", "B D", "C D e", xor="g"),
    *(At("", E, known="x"), At("A x=7", S, "other conditions"), At("A x=7; B", S)),
    answers={"x": [1, 7, 10]},
    variables={"x": 1},
)
pair(
    "a way that leads nowhere",
    version("s A g", "g B e", "g C e: x == 1", xor="g"),
    version("s A g", "g B e", "g C: x == 1", "C h", "h C", xor="g h"),
    *(At("", Q, "no way leads to an end", known="x"), At("A x=1", T), At("A x=2", E)),
    variables={"x": 2},
)

# Scopes

inside = version("s A S D e", more=scope("S", "sS B C eS"))
flat = version("s A B C D e")
pair("moved into a sub-process", flat, inside, At("", E), At("A", S, "enters"), At("A; B", S), At("A; B; C", S))
pair("moved out of a sub-process", inside, flat, At("", E), At("A", S), At("A; B", S), At("A; B; C", S))
pair(
    "one step moved into the sub-process that is open",
    inside,
    version("s A S e", more=scope("S", "sS B C D eS")),
    *(At("", E), At("A", E), At("A; B", E), At("A; B; C", S)),
)
pair(
    "two branches moved into a sub-process",
    version("s A g", "g B j", "g C j", "j D e", and_="g j"),
    version("s A S D e", more=scope("S", "sS g", "g B j", "g C j", "j eS", and_="g j")),
    *(At("", E), At("A", S), At("A; B", S), At("A; B; C", S)),
)
pair(
    "step added in a sub-process",
    inside,
    version("s A S D e", more=scope("S", "sS B N C eS")),
    *(At("A", E), At("A; B", S, "“N”"), At("A; B; C", S)),
)
pair(
    "sub-process renamed",
    inside,
    version("s A T D e", more=scope("T", "sS B C eS").replace('name="T"', 'name="S"')),
    *(At("", E), At("A", P), At("A; B", P), At("A; B; C", E)),
)
pair(
    "sub-process removed with what it held",
    inside,
    version("s A D e"),
    *(At("", E), At("A", Q), At("A; B", Q), At("A; B; C", S)),
)

pair(
    "moved out of a sub-process that is repeated now",
    inside,
    version("s A S C D e", more=scope("S", "sS B eS", more=many("2"))),
    *(At("", E), At("A", T), At("A; B", T), At("A; B; C", S)),
)
pair(
    "moved into an event sub-process",
    version("s A B e", "W H e2", more=boundary("W", "A", timer("PT1H"))),
    version("s A B e", more=reaction("R", MESSAGE, node("userTask", "H"), "Rs H", interrupting=False)),
    *(At("", S, "dropped"), At("+1h", T, "cannot be begun in its middle")),
)

# Events

waits = version("s A M B e", more=catch("M", MESSAGE))
pair(
    "message renamed",
    waits,
    version("s A M B e", more=catch("M", OTHER)),
    *(At("", E), At("A", S, "“n” instead of “m”"), At("A; !m", E, anew="A; !n")),
)
pair(
    "message becomes a signal",
    waits,
    version("s A M B e", more=catch("M", SIGNAL)),
    At("", E),
    At("A", S),
    At("A; !m", E, anew="A; ~sig"),
)
pair("message event removed", waits, version("s A B e"), At("", E), At("A", Q), At("A; !m", S))
pair(
    "receive task renamed",
    version("s A R B e", more=catch("R", "", "receiveTask", messageRef="m")),
    version("s A R2 B e", more=catch("R2", "", "receiveTask", messageRef="m")),
    *(At("", E), At("A", P), At("A; R", E, anew="A; R2")),
)
clock = version("s A W B e", more=catch("W", timer("PT2H")))
pair(
    "timer shortened",
    clock,
    version("s A W B e", more=catch("W", timer("PT1H"))),
    At("", E),
    At("A", S, "runs on as it was begun"),
    At("A", P, "counts anew, from the move", plan=plan(("W", Clock.NOW))),
    At("A", P, plan=plan(("W", Clock.ENTRY))),
    At("A; +2h", E),
)
guarded = version("s A B e", "W H e2", more=boundary("W", "A", timer("PT1H")))
loose = version("s A B e", "W H e2", more=boundary("W", "A", timer("PT1H"), interrupting=False))
pair("boundary event added", version("s A B e"), guarded, At("", S, "is new at “A”"), At("A", E))
pair("boundary event removed", guarded, version("s A B e"), At("", S, "is dropped"), At("A", E), At("+1h", Q))
pair("boundary event made interrupting", loose, guarded, At("", S, "ends what"), At("A", E), At("+1h", S))
pair("boundary event made non-interrupting", guarded, loose, At("", S), At("A", E), At("+1h", S))
pair(
    "boundary event renamed",
    guarded,
    version("s A B e", "X H e2", more=boundary("X", "A", timer("PT1H"))),
    *(At("", P, "begun"), At("A", E), At("+1h", E)),
)
pair(
    "boundary event moved to another task",
    guarded,
    version("s A B e", "W H e2", more=boundary("W", "B", timer("PT1H"))),
    *(At("", S, "dropped"), At("A", S, "is new"), At("+1h", S)),
)
pair(
    "boundary event leads to a join",
    version(
        "s g A j", "g C j", "j e", "W H e2", and_="g j", more=boundary("W", "A", timer("PT1H"), interrupting=False)
    ),
    version("s g A j", "g C j", "j e", "W H j", and_="g j", more=boundary("W", "A", timer("PT1H"), interrupting=False)),
    *(At("", Q, "could wait for ever"), At("C", Q)),
)
race = version(
    "s A r", "r M B", "r W C", "B D", "C D e", race="r", more=catch("M", MESSAGE) + catch("W", timer("PT1H"))
)
pair(
    "event added behind an event-based gateway",
    race,
    version(
        *("s A r", "r M B", "r W C", "r X D", "B D", "C D e"),
        race="r",
        more=catch("M", MESSAGE) + catch("W", timer("PT1H")) + catch("X", SIGNAL),
    ),
    *(At("", E), At("A", S, "waits for “X”, too"), At("A; !m", E)),
)
pair(
    "event removed behind an event-based gateway",
    race,
    version("s A r", "r M B", "B D", "C D e", race="r", more=catch("M", MESSAGE)),
    *(At("", E), At("A", S, "does not wait for “W”"), At("A; !m", E), At("A; +1h", S)),
)
listens = version("s A B e", more=reaction("R", MESSAGE, node("userTask", "H"), "Rs H", interrupting=False))
pair("event sub-process added", version("s A B e"), listens, At("", S, "is new"), At("A", S))
pair("event sub-process removed", listens, version("s A B e"), At("", S, "does not wait"), At("A", S), At("!m", Q))
throws = scope("S", "sS B g", "g eS", "g x1: bad", xor="g", more=node("endEvent", "x1", ERROR))
catches = boundary("W", "S", ERROR)
pair(
    "boundary event of an error removed",
    version("s A S D e", "W H e2", more=throws + catches),
    version("s A S D e", more=throws),
    *(At("", Q, "caught by nothing", known="bad"), At("A", Q, known="bad"), At("A; B", E)),
    variables={"bad": False},
    answers={"bad": [True, False]},
)

# Repetition

single = version("s A B C e")
multi = version("s A B C e", more=node("userTask", "B", many()))
pair("made multi-instance", single, multi, At("", E), At("A", T, "done for each item"), At("A; B", S))
pair("multi-instance unmade", multi, single, At("", E), At("A", T), At("A; B", T), At("A; B; B; B", S))
pair(
    "parallel instances become sequential",
    multi,
    version("s A B C e", more=node("userTask", "B", many(sequential=True))),
    *(At("", E), At("A", T, "in turn"), At("A; B; B; B", S)),
)
pair(
    "more instances",
    multi,
    version("s A B C e", more=node("userTask", "B", many("5"))),
    *(At("", E), At("A", E), At("A; B; B; B", S)),
)
pair(
    "step added in each instance",
    version("s A S C e", more=scope("S", "sS B eS", more=many("2"))),
    version("s A S C e", more=scope("S", "sS B N eS", more=many("2"))),
    *(At("", E), At("A", E), At("A; B", S, "“N” is new")),
)
pair(
    "step removed in each instance",
    version("s A S C e", more=scope("S", "sS B N eS", more=many("2"))),
    version("s A S C e", more=scope("S", "sS B eS", more=many("2"))),
    *(At("", E), At("A", E), At("A; B", Q), At("A; B", P, plan=plan(N=None))),
)

# Calls

calls = version("s A K D e", more=node("callActivity", "K", calledElement="q"), called=process("s B C e", key="q"))
pair(
    "called process gets a step at its end",
    calls,
    version("s A K D e", more=node("callActivity", "K", calledElement="q"), called=process("s B C N e", key="q")),
    *(At("", E), At("A", E), At("A; B", E), At("A; B; C", S, "was called then")),
)
pair(
    "called process gets a step between",
    calls,
    version("s A K D e", more=node("callActivity", "K", calledElement="q"), called=process("s B N C e", key="q")),
    *(At("A", E), At("A; B", S, "“N” is new")),
)
pair(
    "step removed in the called process",
    calls,
    version("s A K D e", more=node("callActivity", "K", calledElement="q"), called=process("s C e", key="q")),
    *(At("", E), At("A", Q), At("A", P, plan=Plan({"q:B": "q:C"})), At("A; B", S)),
)
pair(
    "another process is called",
    calls,
    version("s A K D e", more=node("callActivity", "K", calledElement="r"), called=process("s B C e", key="r")),
    *(At("", E), At("A", S, "goes on in “r”"), At("A; B; C", S)),
)
pair(
    "step put after a call that is under way",
    calls,
    version("s A K N D e", more=node("callActivity", "K", calledElement="q"), called=process("s B C e", key="q")),
    *(At("", E), At("A", E), At("A; B; C", S)),
)

# Ad hoc work and undoing

work = version("s A H D e", more=scope("H", tag="adHocSubProcess", inner=node("userTask", "X") + node("userTask", "Y")))
only = version("s A H D e", more=scope("H", tag="adHocSubProcess", inner=node("userTask", "X")))
pair(
    "ad hoc activity removed",
    work,
    only,
    *(At("", E), At("A", E), At("A; H/X", E), At("A; H/Y", Q), At("A; H/Y", P, plan=plan(Y=None)), At("A; H/Y; Y", S)),
)
pair("ad hoc activity added", only, work, At("", E), At("A", E), At("A; H/X", E))
pair(
    "ad hoc activity required",
    work,
    version(
        "s A H D e",
        more=scope(
            "H", tag="adHocSubProcess", inner=node("userTask", "X", case_required="true") + node("userTask", "Y")
        ),
    ),
    *(At("", E), At("A", E), At("A; H/Y", E)),
)
undo_flows = '<association id="as1" sourceRef="U" targetRef="undoA"/>'
undo = boundary("U", "A", UNDO) + undo_flows + node("userTask", "undoA", isForCompensation="true")
pair(
    "compensation handler removed",
    version("s A B t C e", more=undo + node("intermediateThrowEvent", "t", UNDO)),
    version("s A B t C e", more=node("intermediateThrowEvent", "t", UNDO)),
    *(At("", E), At("A", Q, "would have to undo"), At("A", P, plan=plan(undoA=None)), At("A; B", Q)),
)
pair(
    "compensation handler removed, with all that asks for it",
    version("s A B t C e", more=undo + node("intermediateThrowEvent", "t", UNDO)),
    version("s A B C e"),
    *(At("", E), At("A", S, "nor asks for"), At("A; B", Q)),
)

pair(
    "required ad hoc activity removed",
    version(
        "s A H D e",
        more=scope(
            "H", tag="adHocSubProcess", inner=node("userTask", "X", case_required="true") + node("userTask", "Y")
        ),
    ),
    version("s A H D e", more=scope("H", tag="adHocSubProcess", inner=node("userTask", "Y"))),
    *(At("", E), At("A", E), At("A; H/Y", E), At("A; H/X", Q, "does not have"), At("A; H/X", P, plan=plan(X=None))),
)

# Failed cases

failing = version("s A F B e", more=script("F", "y = 1 / 0"))
pair("script mended", failing, version("s A F B e", more=script("F", "y = 1")), At("", E), At("A", S, "try that again"))
pair("script gone", failing, version("s A B e"), At("", E), At("A", Q))
pair("script becomes a task", failing, version("s A F B e"), At("", E), At("A", S, "begins anew"))

# Data

FILLED = '<userTask id="{0}" name="{0}" case:formKey="f"/>'

pair(
    "a new condition reads what nothing sets",
    version("s A B e", more='<userTask id="A" name="A" case:formKey="f"/><userTask id="B" name="B" case:formKey="f"/>'),
    version(
        *("s A B g", "g C: amount > 5", "g e", "C e"),
        xor="g",
        more='<userTask id="A" name="A" case:formKey="f"/><userTask id="B" name="B" case:formKey="f"/>',
    ),
    At("", Q, "reads “amount”"),
    At("", E, known="amount"),
    At("A", P, plan=plan(values={"amount": "= 3"})),
    contents=(Contents({"f": FormNames()}), Contents({"f": FormNames()})),
    variables={"amount": 7},
)
pair(
    "what sets a variable lies before",
    version("s A B C e"),
    version("s A F B g", "g C e: x > 1", "g e", xor="g", more=script("F", "x = 2")),
    *(At("", E), At("A", Q, "reads “x”"), At("A; B", S)),
    answers={},
)
pair(
    "what sets a variable lies ahead",
    version("s A B C e"),
    version("s A B F g", "g C e: x > 1", "g e", xor="g", more=script("F", "x = 2")),
    *(At("", E), At("A", E), At("A; B", S)),
)
pair(
    "a form shows more",
    version("s A B D e", more=f'{FILLED.format("A")}{FILLED.format("B")}<userTask id="D" name="D"/>'),
    version("s A B D e", more=f'{FILLED.format("A")}{FILLED.format("B")}<userTask id="D" name="D" case:formKey="g"/>'),
    *(At("", Q, "form of “D” reads “total”"), At("", E, known="total"), At("A; B", E, known="total")),
    contents=(Contents({"f": FormNames()}), Contents({"f": FormNames(), "g": FormNames(read=frozenset({"total"}))})),
)

# People

pair(
    "form changed",
    version("s A B e", more='<userTask id="A" name="A" case:formKey="f"/>'),
    version("s A B e", more='<userTask id="A" name="A" case:formKey="f2"/>'),
    *(At("", E, "another form"), At("A", E)),
)
pair(
    "form in another version",
    version("s A B e", more='<userTask id="A" name="A" case:formKey="f"/>'),
    version("s A B e", more='<userTask id="A" name="A" case:formKey="f"/>'),
    *(At("", E, "another form"), At("A", E)),
    names=(Names({"f": "1"}), Names({"f": "2"})),
)
pair(
    "candidates changed",
    version("s A B e", more='<userTask id="A" name="A" case:candidateGroups="clerks"/>'),
    version("s A B e", more='<userTask id="A" name="A" case:candidateGroups="chiefs"/>'),
    *(At("", E, "offered to others"), At("A", E)),
)
pair(
    "due date changed",
    version("s A B e", more='<userTask id="A" name="A" case:dueDate="P1D"/>'),
    version("s A B e", more='<userTask id="A" name="A" case:dueDate="P2D"/>'),
    *(At("", S, "keeps the due date"), At("A", E)),
)
pair(
    "script of a step that is done",
    version("s A F B e", more=script("F", "x = 1")),
    version("s A F B e", more=script("F", "x = 2")),
    *(At("", E), At("A", S, "in its former form")),
)
pair(
    "complex gateway: two of three become three of three",
    version(
        *("s g A j", "g B j", "g C j", "j D e"),
        and_="g",
        more=node("complexGateway", "j", "<activationCondition>activationCount == 2</activationCondition>"),
    ),
    version(
        *("s g A j", "g B j", "g C j", "j D e"),
        and_="g",
        more=node("complexGateway", "j", "<activationCondition>activationCount == 3</activationCondition>"),
    ),
    *(At("", E), At("A", E), At("A; B", S, "in its former form")),
)
pair(
    "complex gateway asks for more than may come",
    version(
        *("s g A j", "g B j", "g C j", "j D e"),
        and_="g",
        more=node("complexGateway", "j", "<activationCondition>activationCount == 2</activationCondition>"),
    ),
    version(
        *("s g A j", "g B j", "g C e2", "j D e"),
        and_="g",
        more=node("complexGateway", "j", "<activationCondition>activationCount == 3</activationCondition>"),
    ),
    *(At("", T, "wait for ever"), At("A", T)),
)
pair(
    "inclusive choice gets a third way",
    version("s A g", "g B j: x", "g C j: y", "j D e", or_="g j"),
    version("s A g", "g B j: x", "g C j: y", "g N j: True", "j D e", or_="g j"),
    *(At("", E, known="x y"), At("A", S), At("A; B", S), At("A; B; C", S)),
    variables={"x": True, "y": True},
)
pair(
    "transaction becomes a sub-process",
    version("s A S D e", more=scope("S", "sS B C eS", tag="transaction")),
    inside,
    *(At("", E), At("A", E), At("A; B; C", S)),
)
