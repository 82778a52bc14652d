"""One file per kind of element. Importing this package registers them all in `node.NODES`.

To add an element write a module here, subclass Node, Activity or Catching, decorate it with `register("bpmnTag")`, and
import it below.
"""

from __future__ import annotations

from service.engine.elements import adhoc, boundary, complex, gateways, rules, start_end, subprocess, tasks
from service.engine.elements.node import NODES

__all__ = ["NODES", "adhoc", "boundary", "complex", "gateways", "rules", "start_end", "subprocess", "tasks"]
