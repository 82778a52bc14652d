"""`make workbench`: faults planted in diagrams, and right ones; ends with one line of JSON.

`models`: diagrams that were looked at, `planted`: those with a fault, `found`: those of which it was told at its place;
`false_alarms`: findings that are not true: of right diagrams, shipped case types and probes, and of `WORKBENCH` random
graphs against a token game that is played out whole. `soundness_1000_s`, `parallel_20_s`: seconds that the checks of
the flow take of 1,000 elements, and of 20 branches side by side, one of which leaves. `round_trips`: files opened and
saved by Node as the modeler does it, `changed`: those in which something beside the edited label is different then.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from service.engine.checks import examine
from service.engine.definition import RULES, Problem, Severity
from service.operations import deployments
from tests.engine.all_ways import Open
from tests.engine.diagrams import written
from tests.engine.test_checks_soundness import MEANT, blocks, branches, files, timed
from tests.engine.token_game import Net, TooLong, nets
from tests.workbench import planted, planted_data, round_trips

MANY = int(os.environ.get("WORKBENCH", "500"))
ROOT = Path(__file__).parent.parent.parent
FLOW = {"deadlock", "done-twice", "no-end", "endless-loop"}


def main() -> int:
    """The exit code: 0 when every fault was found, and nothing else told."""
    counts = {"models": 0, "planted": 0, "found": 0, "false_alarms": 0}
    for each in (*planted.FAULTS, *planted.SOUND):
        _count(counts, each.name, each.rule, each.element, examine({"test.bpmn": each.xml}), FLOW)
    for data in (*planted_data.FAULTS, *planted_data.SOUND):
        found = deployments.check_alone(dict(data.files))
        _count(counts, data.name, data.rule, data.element, found, RULES - FLOW - {"gap", "overlap"})
    for path in files():
        wrong = [one for one in examine({path.name: path.read_bytes()}) if one.rule in FLOW]
        counts["models"] += 1
        counts["false_alarms"] += sum(MEANT.get(path.stem) != one.rule for one in wrong)
    randoms(counts)
    seconds = {
        "soundness_1000_s": round(timed(blocks(100)), 3),
        "parallel_20_s": round(timed(branches(20, leaving=True)), 3),
    }
    trips = round_trips_of(round_trips.shipped())
    print(json.dumps({**trips, **counts, **seconds}))
    return 0 if counts["found"] == counts["planted"] and not counts["false_alarms"] and not trips["changed"] else 1


def round_trips_of(files: dict[str, str]) -> dict[str, int]:
    """How many files were opened, edited and saved, and in how many more was changed than was edited."""
    changed = 0
    for answer in round_trips.opened_and_saved(files):
        if told := round_trips.wrong(files[answer["name"]], answer):
            changed += 1
            print(f"{answer['name']}: {told}")
    return {"round_trips": len(files), "changed": changed}


def _count(
    counts: dict[str, int], name: str, rule: str, element: str, found: list[Problem], rules: set[str] | frozenset[str]
) -> None:
    told = [(one.rule, one.element_id) for one in found if one.rule in rules]
    hit = bool(rule) and (rule, element) in told
    counts["models"] += 1
    counts["planted"] += bool(rule)
    counts["found"] += hit
    counts["false_alarms"] += len(told) - hit
    if told != ([(rule, element)] if rule else []):
        print(f"{name}: {told}, and should be {rule or 'nothing'} {element}")


def randoms(counts: dict[str, int]) -> None:
    """Hold what is told of random graphs against all that can become of them."""

    @settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(net=nets())
    def one(net: Net) -> None:
        drawn = Open(net.kinds, net.targets, net.choice)
        try:
            everything, meetings = drawn.play(), drawn.meetings()
        except TooLong:
            return
        counts["models"] += 1
        ids = drawn.ids()
        for told in examine({"test.bpmn": written(drawn.drawn())}):
            left = {ids[key] for step in told.way[-1:] for key, _ in step.marking if key in ids}
            true = {
                "deadlock": any(left <= set(state.tokens) for state in everything.dead),
                "done-twice": told.element_id in meetings,
            }.get(told.rule, True)
            counts["false_alarms"] += not true or (
                told.rule == "deadlock" and told.severity is Severity.ERROR and everything.ended
            )

    one()


if __name__ == "__main__":
    sys.exit(main())
