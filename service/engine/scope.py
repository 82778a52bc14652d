"""The case file: where a variable lives, who sees it, and who writes it.

The case and each called process own a plain dict of variables (the `data` of the root or of the call activity's task).
Everything inside sees that dict; embedded, event, ad hoc and transaction sub-processes have none of their own. A task
with locals (multi-instance item, output item, `loopCounter`, declared inputs, a sub-process's data objects) lays a
small layer over it: names declared there are read and written there, all others go outwards. An instance of a
multi-instance also keeps what first comes up inside it: a name that exists outside is written there (so that instances
can share a sum), any other belongs to the instance. The last write of a name wins, as a whole value; nothing is merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from datetime import date, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from service.engine.errors import Fault
from service.engine.limits import NUMBER_BITS, VALUE_DEPTH
from service.engine.upstream import Task

EVERYTHING = ("*", "*")  #: the mapping that passes on all besides what others name

OWNER = "calls"  #: in a task's internal data: it owns variables, and this is the key of the process inside it
DECLARED = "local"  #: in a task's internal data: names that are local to it although they may be unset
INSTANCE = "instance"  #: in a task's internal data: names that nobody outside knows are its own when they are written
WRITTEN = "written"  #: in an owner's internal data: the names written since it began


class View(MutableMapping[str, Any]):
    """What one task sees: its layers, innermost first, over the variables of its owner."""

    __slots__ = ("base", "instance", "layers", "owner")

    def __init__(self, task: Task) -> None:
        self.layers: list[tuple[dict[str, Any], list[str]]] = []
        self.instance: Task | None = None  #: the innermost around the task, or itself
        current: Task = task
        while current.parent is not None and OWNER not in current.internal_data:
            declared = current.internal_data.get(DECLARED, ())
            if current.data or declared:
                self.layers.append((current.data, declared))
            if self.instance is None and INSTANCE in current.internal_data:
                self.instance = current
            current = current.parent
        self.owner = current
        self.base = current.data

    def __getitem__(self, name: str) -> Any:
        for data, declared in self.layers:
            if name in data:
                return data[name]
            if name in declared:
                raise KeyError(name)
        return self.base[name]

    def __setitem__(self, name: str, value: Any) -> None:
        value = plain(value)
        for data, declared in self.layers:
            if name in data or name in declared:
                data[name] = value
                return
        if self.instance is not None and not self._is_outside(name):
            self.instance.data[name] = value
            return
        self.base[name] = value
        written = self.owner.internal_data.get(WRITTEN)
        if written is not None and name not in written:
            written.append(name)

    def _is_outside(self, name: str) -> bool:
        """Whether the process has a variable of this name, or a data object that has no value yet."""
        return name in self.base or name in self.owner.workflow.inside(self.owner).body(None).data_objects

    def __delitem__(self, name: str) -> None:
        for data, declared in self.layers:
            if name in data or name in declared:
                del data[name]
                return
        del self.base[name]

    def _names(self) -> dict[str, None]:
        names = dict.fromkeys(self.base)
        for data, declared in reversed(self.layers):
            for name in declared:
                if name not in data:
                    names.pop(name, None)
            names.update(dict.fromkeys(data))
        return names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def readable(self) -> Mapping[str, Any]:
        """The same to read only, as the plain dict itself where no layer lies over it."""
        return self if self.layers else self.base

    def flat(self) -> dict[str, Any]:
        """A copy in one dict, without aliases."""
        return {name: plain(self[name]) for name in self}


def plain(value: Any, depth: int = 0) -> Any:
    """A copy of the value that JSON can hold and a restart would give back; raises Fault for what it cannot."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if depth > VALUE_DEPTH:
        raise Fault(f"A value is nested more than {VALUE_DEPTH} deep, or contains itself.")
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1) for item in value), key=str)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    raise Fault(f"A variable cannot hold a value of the type {type(value).__name__}.")


def _number(value: float) -> float:
    if isinstance(value, float) and not isfinite(value):
        raise Fault(f"A variable cannot hold the number {value}.")
    if isinstance(value, int) and value.bit_length() > NUMBER_BITS:
        raise Fault(f"A number of {value.bit_length()} bits is too large for a variable.")
    return value
