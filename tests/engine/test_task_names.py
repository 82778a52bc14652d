"""A task's name may show variables, so that the tasks of a multi-instance can be told apart."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.engine.diagrams import restarted
from tests.engine.drawn import flow
from tests.engine.test_vendors_run import START, begun

EACH = (
    "<multiInstanceLoopCharacteristics><loopDataInputRef>guests</loopDataInputRef>"
    '<inputDataItem id="guest" name="guest"/></multiInstanceLoopCharacteristics>'
)


def test_each_instance_shows_its_own_item() -> None:
    task = f'<userTask id="u" name="Invite {{guest.name}}">{EACH}</userTask>'

    workflow = begun(f"{START}{task}" + flow("s", "u"), {"guests": [{"name": "Zoe"}, {"name": "Kim"}]})

    assert sorted(task.name for task in workflow.open_work().tasks) == ["Invite Kim", "Invite Zoe"]


def test_camundas_way_of_writing_it_is_understood_and_the_rest_stays_as_drawn() -> None:
    drawn = '<userTask id="u" name="Call ${who} { not this } {missing}, {n} times"/>'

    workflow = begun(f"{START}{drawn}" + flow("s", "u"), {"who": "Ann", "n": 3})

    [task] = workflow.open_work().tasks
    assert task.name == "Call Ann { not this } , 3 times"


def test_the_name_stays_when_the_variable_changes() -> None:
    workflow = begun(f'{START}<userTask id="u" name="Call {{who}}"/>' + flow("s", "u"), {"who": "Ann"})

    again = restarted(workflow, now=datetime(2026, 1, 2, tzinfo=UTC))
    again.set_variables({"who": "Ben"})

    assert [task.name for task in again.open_work().tasks] == ["Call Ann"]
