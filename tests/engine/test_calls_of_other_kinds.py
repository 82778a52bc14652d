"""Calls of global tasks, of what an expression names, and those that nobody waits for."""

from __future__ import annotations

from service.engine.checks import examine
from service.engine.work import What
from tests.engine.diagrams import Case, node, package, process, user, written
from tests.engine.with_events import case

GLOBAL = (
    '<globalUserTask id="ask" name="Ask the customer" case:candidateGroups="desk"/>'
    '<globalScriptTask id="add" scriptLanguage="python"><script>total = total + 1</script></globalScriptTask>'
)


def test_global_tasks_are_called_like_processes() -> None:
    elements = node("callActivity", "C", calledElement="ask") + node("callActivity", "D", calledElement="add")
    found = Case(
        package(process(elements + user("Z"), "s C D Z e"), roots=GLOBAL).definitions["p"], reload=True, total=1
    )

    [task] = found.at_work().open_work().tasks
    found.complete("ask.task", answer="yes")

    assert (task.name, task.candidate_groups, task.process) == ("Ask the customer", ("desk",), "ask")
    assert (found.open(), dict(found.variables)) == (["Z"], {"total": 2, "answer": "yes"})


def test_which_case_is_opened_may_be_computed() -> None:
    found = case(node("callActivity", "C", calledElement="= kind", case_childCase="true"), "s C e", kind="claim")

    [child] = found.at_work().open_work().children

    assert child.process_key == "claim"


def test_which_process_runs_inside_may_not_be_computed() -> None:
    told = examine({"a.bpmn": written(process(node("callActivity", "C", calledElement="${kind}"), "s C e"))})

    assert [problem.advice for problem in told] == [
        'Name the process\'s id, and choose by a gateway; or open a case of its own: case:childCase="true".'
    ]


def test_jbpms_call_that_is_not_waited_for_is_a_case_of_its_own() -> None:
    call = node("callActivity", "C", calledElement="q").replace(
        "<callActivity", '<callActivity xmlns:d="http://www.jboss.org/drools" d:waitForCompletion="false"'
    )
    found = case(call + user("Z"), "s C Z e", called=process(user("Q"), "s Q e", key="q"))

    [wanted] = [each for each in found.workflow.take_happenings() if each.what is What.CHILD_WANTED]

    assert (found.open(), wanted.details["child"].process_key) == (["Z"], "q")
    assert wanted.details["child"].on_parent_cancel == "keep"
