"""What differs between two versions, in words, and which element is which."""

from __future__ import annotations

from service.engine.change.compare import Differences, Names, compare
from service.engine.parser import Definition
from tests.engine.change.versions import process, scope, version
from tests.engine.diagrams import node, script, timer
from tests.engine.with_events import MESSAGE, OTHER, boundary


def told(before: Definition, after: Definition) -> list[str]:
    return [each.message for each in compare(before, after).listed]


def matched(found: Differences) -> dict[str, str]:
    return {name: other for name, other in found.renamed.items() if not name.startswith(("s", "e"))}


def test_nothing_differs() -> None:
    assert told(version("s A B e"), version("s A B e")) == []


def test_what_is_new_what_is_gone_and_what_leads_elsewhere() -> None:
    assert told(version("s A B C e"), version("s A N C e", service="N")) == [
        "The user task “B” is gone.",
        "The service task “N” is new, after “A”.",
    ]
    found = told(version("s A B e"), version("s A e", "s B e"))
    assert "“A” does not lead to “B” any more." in found
    assert "“A” leads to “e” now." in found


def test_an_element_with_another_id_is_found_by_its_name_or_by_its_neighbours() -> None:
    named = version("s A b2 C e", more='<userTask id="b2" name="B"/>')

    assert matched(compare(version("s A B C e"), named)) == {"B": "b2"}
    assert matched(compare(version("s A B C e"), version("s A X C e"))) == {"B": "X"}
    assert "“B” has the id b2 instead of B." in told(version("s A B C e"), named)


def test_two_that_are_alike_are_never_matched() -> None:
    before = version("s g", "g B1 j", "g B2 j", "j e", and_="g j")
    after = version("s g", "g X1 j", "g X2 j", "j e", and_="g j")

    found = compare(before, after)

    assert found.renamed == {}
    assert found.alike["B1"] == ("X1", "X2")


def test_moved_into_a_sub_process() -> None:
    found = told(version("s A B C e"), version("s A S C e", more=scope("S", "sS B eS")))

    assert "“B” stands in “S” now." in found


def test_what_an_element_says_otherwise() -> None:
    before = version(
        *("s A F M W g", "g B e: x > 1", "g e"),
        xor="g",
        more=script("F", "y = 1")
        + node("intermediateCatchEvent", "M", MESSAGE)
        + node("intermediateCatchEvent", "W", timer("PT1H")),
    )
    after = version(
        *("s A F M W g", "g B e: x > 2", "g e"),
        xor="g",
        more=script("F", "y = 2")
        + node("intermediateCatchEvent", "M", OTHER)
        + node("intermediateCatchEvent", "W", timer("PT2H")),
    )

    assert set(told(before, after)) == {
        "“F”: other script.",
        "“M”: other message (m → n).",
        "“W”: other timer (PT1H → PT2H).",
        "“g”: other conditions.",
    }


def test_a_boundary_event_on_another_activity() -> None:
    [found] = compare(
        version("s A B e", "W e2", more=boundary("W", "A", timer("PT1H"))),
        version("s A B e", "W e2", more=boundary("W", "B", timer("PT1H"))),
    ).listed

    assert (found.kind, found.aspects) == ("changed", ("host",))


def test_kinds_that_changed_are_said_to_have() -> None:
    found = told(version("s A B e"), version("s A B e", service="B"))

    assert "“B”, a user task, has become a service task." in found


def test_called_processes_and_what_is_linked_in_another_version() -> None:
    call = node("callActivity", "K", calledElement="q")
    before = version("s K e", more=call, called=process("s A e", key="q"))
    after = version("s K e", more=call, called=process("s A B e", key="q"))

    found = [each.message for each in compare(before, after, Names({"f": "1"}), Names({"f": "2"})).listed]

    assert "The form “f” is another version." in found
    assert any(message.startswith("In “q”: The user task “B” is new") for message in found)
