"""Writes the plug-in for Camunda Modeler of the notation: `python -m service.frontend.plugin`.

What it writes is committed, so that the folder can be put into Camunda Modeler's plug-ins as it is; a test holds it
against the notation.
"""

from __future__ import annotations

import json
from pathlib import Path

from service.engine.notation import descriptor

FOLDER = Path(__file__).parent / "modeler-plugin"
_CLIENT = """// Written by `python -m service.frontend.plugin`: Casewright's notation for Camunda Modeler.
(window.plugins = window.plugins || []).push({{
  type: 'bpmn.modeler.moddleExtension',
  plugin: {descriptor},
}});
"""


def files() -> dict[str, str]:
    """What is made of the notation: name -> content."""
    said = json.dumps(descriptor(), indent=2, ensure_ascii=False)
    return {"casewright.json": f"{said}\n", "client.js": _CLIENT.format(descriptor=said.replace("\n", "\n  "))}


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
