"""Markings: cases that stand alike are alike, whoever they are of, and nothing personal is in them."""

from __future__ import annotations

from service.engine.change.marking import marking, passed, signature
from service.engine.workflow import Workflow
from tests.engine.change.pairs import many
from tests.engine.change.versions import Walk, scope, version
from tests.engine.diagrams import NOW, node, timer
from tests.engine.with_events import MESSAGE, boundary


def walked(definition: object, steps: str = "", **variables: object) -> Walk:
    walk = Walk.begin(definition, variables)  # type: ignore[arg-type]
    for step in filter(None, steps.split("; ")):
        walk.do(step)
    return walk


def test_cases_that_stand_alike_have_one_signature_whatever_they_know() -> None:
    definition = version("s A B e", more=boundary("W", "A", timer("PT1H"), interrupting=False))
    ann, bob = walked(definition, name="Ann"), walked(definition, name="Bob", more=[1, 2])

    assert signature(ann.workflow) == signature(bob.workflow)
    assert "Ann" not in repr(marking(ann.workflow))


def test_a_snapshot_has_the_signature_of_its_workflow() -> None:
    definition = version("s g A j", "g S j", "j e", and_="g j", more=scope("S", "sS B eS", more=many("3")))
    walk = walked(definition, "A; B")
    loaded = Workflow.load(definition, walk.workflow.dump(), walk.workflow.variables, now=NOW)

    assert signature(walk.workflow.dump()) == signature(walk.workflow) == signature(loaded)


def test_another_place_another_signature() -> None:
    definition = version("s g A j", "g B j", "j C e", and_="g j")
    found = {signature(walked(definition, steps).workflow) for steps in ("", "A", "B", "A; B")}

    assert len(found) == 4


def test_rounds_and_numbers_of_instances_make_no_classes() -> None:
    loop = version("s h A g", "g e", "g h: again", xor="h g")
    multi = version("s A B e", more=node("userTask", "B", many("n")))

    once, often = walked(loop, "A again=True"), walked(loop, "A again=True; A again=True; A again=True")
    two, nine = walked(multi, "A", n=3), walked(multi, "A; B; B", n=9)

    assert (signature(once.workflow), passed(once.visits)) == (signature(often.workflow), passed(often.visits))
    assert signature(two.workflow) == signature(nine.workflow)


def test_what_is_remembered_to_be_undone_and_what_was_done_ad_hoc_belongs_to_the_place() -> None:
    work = scope("H", tag="adHocSubProcess", inner=node("userTask", "X") + node("userTask", "Y"))
    definition = version("s H e", more=work)

    assert signature(walked(definition, "H/X; X").workflow) != signature(walked(definition, "H/Y; Y").workflow)


def test_events_that_race_are_one_thing() -> None:
    wait = node("intermediateCatchEvent", "M", MESSAGE) + node("intermediateCatchEvent", "W", timer("PT1H"))
    [race] = marking(walked(version("s r", "r M e", "r W e", race="r", more=wait)).workflow).root.inside

    assert race.is_race
    assert [member.element for member in race.inside] == ["M", "W"]
