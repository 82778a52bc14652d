"""What a token remembers, as it has to read under the other version: ids of elements and flows, places of event
definitions, what is to be undone. All else stays as it is, in its order, so that a move there and back changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from service.engine.change.places import Ground, Places, positions
from service.engine.elements.activity import Activity
from service.engine.elements.adhoc import COUNT
from service.engine.elements.attributes import SAID
from service.engine.elements.compensation import UNDO, UNDOING, Undo
from service.engine.elements.complex import RESET, ComplexGateway
from service.engine.elements.events import FIRED, NAMES, SEEN, TIMERS, WAS
from service.engine.elements.gateways import VIA
from service.engine.elements.node import Node
from service.engine.elements.repetition import INDEX, STATE
from service.engine.errors import Unmovable
from service.engine.scope import DECLARED, OWNER, plain

_BY_PLACE = (TIMERS, SEEN, NAMES, WAS)


class Memory:
    """Rewrites what one token remembers. `inside`: the ground on which stand the tokens that it holds."""

    def __init__(self, places: Places, ground: Ground, inside: Ground, before: Node, after: Node) -> None:
        self.places, self.ground, self.inside = places, ground, inside
        self.before, self.after = before, after
        self.positions = positions(before, after)
        self._rewriters: Mapping[str, Callable[[Any], Any]] = {
            "listener": self._element,
            "begin": self._element,
            VIA: self._via,
            "flow": self._raced,
            RESET: self._rounds,
            COUNT: self._counts,
            UNDO: self._undo,
            UNDOING: self._undo,
            SAID: self._said,
            FIRED: self._fired,
            OWNER: lambda _key: self.inside.after.name,
            **dict.fromkeys(_BY_PLACE, self._placed),
        }

    def internal(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The internal data after; a copy. Raises Unmovable."""
        found: dict[str, Any] = {}
        for name, value in plain(data).items():
            rewrite = self._rewriters.get(name)
            kept = value if rewrite is None else rewrite(value)
            if kept is not None:
                found[name] = kept
        if "position" in found and "begin" in data:
            self._begun(found, data)
        return found

    def _element(self, name: str) -> str:
        return self.places.id_of(self.ground, name) or name

    def _begun(self, found: dict[str, Any], data: Mapping[str, Any]) -> None:
        """An event sub-process remembers which definition of its start event began it."""
        start, other = (
            self.ground.before.task_specs.get(data["begin"]),
            self.ground.after.task_specs.get(found["begin"]),
        )
        if not isinstance(other, Node) or not isinstance(start, Node):
            raise Unmovable(data["begin"], f"The start event “{data['begin']}” that has happened is gone.")
        found["position"] = positions(start, other).get(data["position"], 0)

    def _via(self, flow_id: str) -> str:
        flow = self.places.flow_of(self.ground, flow_id, self.after)
        if flow is None:
            name = self.before.element.name or self.before.name
            raise Unmovable(
                self.before.name,
                f"A token waits at “{name}” that came by the flow “{flow_id}”, which does not lead there any more.",
            )
        return flow.id

    def _raced(self, flow_id: str) -> str | None:
        """The flow from an event-based gateway: only the story needs it, and which events belong to the gateway."""
        flow = self.places.flow_of(self.ground, flow_id, self.after)
        return flow.id if flow else next((each.id for each in self.after.incoming), None)

    def _rounds(self, rounds: Mapping[str, list[str]]) -> dict[str, list[str]]:
        found = {}
        for name, flows in rounds.items():
            gateway = self.places.node_of(self.inside, name)
            if isinstance(gateway, ComplexGateway):
                kept = (self.places.flow_of(self.inside, flow, gateway) for flow in flows)
                found[gateway.name] = [flow.id for flow in kept if flow is not None]
        return found

    def _counts(self, counts: Mapping[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, number in counts.items():
            node = self.places.node_of(self.inside, name)
            if node is not None:
                found[node.name] = found.get(node.name, 0) + number
        return found

    def _undo(self, entries: Iterable[Undo]) -> list[Undo]:
        return undo(self.places, self.inside, entries)

    def _said(self, said: dict[str, Any]) -> dict[str, Any]:
        doers = said.get("notDoneBy")
        if isinstance(doers, list):
            said["notDoneBy"] = [self._element(name) if isinstance(name, str) else name for name in doers]
        elif isinstance(doers, str):
            said["notDoneBy"] = ",".join(self._element(name.strip()) for name in doers.split(","))
        return said

    def _fired(self, position: int) -> int:
        return self.positions.get(position, 0)

    def _placed(self, by_place: Any) -> Any:
        if not isinstance(by_place, dict):
            return by_place  # of one condition, as older snapshots have it
        kept = {self.positions.get(int(place)): value for place, value in by_place.items()}
        return {str(place): value for place, value in kept.items() if place is not None}


def undo(places: Places, ground: Ground, entries: Iterable[Undo]) -> list[Undo]:
    """Compensation records after; those that nothing could undo any more are left out."""
    found = []
    for entry in entries:
        kept = dict(entry)
        kept["of"] = places.id_of(ground, entry["of"]) or entry["of"]
        if "run" in entry:
            handler = places.node_of(ground, entry["run"])
            start = places.node_of(ground, entry["begin"]) if "begin" in entry else None
            if handler is None or ("begin" in entry and start is None):
                continue
            kept["run"] = handler.name
            if start is not None:
                kept["begin"] = start.name
        if "inner" in entry:
            kept["inner"] = undo(places, ground, entry["inner"])
        found.append(kept)
    return found


def rename(before: Node, after: Node, data: dict[str, Any], internal: dict[str, Any]) -> None:
    """What a repeated activity calls its item and results; in `data` and `internal`, in their order.

    Raises Unmovable where instances are under way that cannot have what the version after names.
    """
    if not (isinstance(before, Activity) and isinstance(after, Activity)):
        return
    old, new = before.repetition, after.repetition
    if old is None or new is None:
        return
    if STATE in internal and new.results and not old.results:
        internal[STATE]["order"] = []
        data[new.results] = []
    if new.item and not old.item and (STATE in internal or INDEX in internal):
        raise Unmovable(before.name, f"“{before.element.name or before.name}” is repeated over nothing so far.")
    pairs = ((old.item, new.item), (old.result, new.result), (old.results, new.results))
    names = {was: now for was, now in pairs if was and now and was != now}
    if names:
        renamed = {names.get(name, name): value for name, value in data.items()}
        data.clear()
        data.update(renamed)
        if DECLARED in internal:
            internal[DECLARED] = [names.get(name, name) for name in internal[DECLARED]]


def redeclare(before: Node, after: Node, data: dict[str, Any], internal: dict[str, Any]) -> None:
    """Drop an activity's own variables that only the version before declares, and declare the data objects after.

    A data object that has a value keeps it.
    """
    declared = internal.get(DECLARED, [])
    gone = {name for name in _inputs(before) - _inputs(after) if name in declared}
    old, new = _objects(before), _objects(after)
    hidden = {name for name in old if name not in new and name not in data}
    added = [name for name in new if name not in old and name not in declared]
    if not (gone or hidden or added) or OWNER in internal:
        return
    for name in gone:
        data.pop(name, None)
    internal[DECLARED] = [name for name in declared if name not in gone | hidden] + added
    if not internal[DECLARED]:
        del internal[DECLARED]


def new_inputs(before: Node, after: Node) -> list[tuple[str, str]]:
    """The mappings by which the version after gives an activity more variables of its own than the one before."""
    return [(source, name) for source, name in getattr(after, "takes", []) if name not in _inputs(before)]


def _inputs(node: Node) -> set[str]:
    return {name for _source, name in getattr(node, "takes", [])}


def _objects(node: Node) -> list[str]:
    """The data objects of a sub-process."""
    body = node.graph.bodies.get(node.name) if isinstance(node, Activity) else None
    return body.data_objects if body else []
