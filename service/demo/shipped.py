"""Where the case types and forms are that come with Casewright: in the wheel beside the demo, in a checkout at its top.

A wheel carries the folders `processes/` and `forms/` inside the package (pyproject.toml puts them there), because what
stands beside it in site-packages belongs to others. In a checkout, and where it is installed editable, they are not in
the package.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent


def shipped() -> tuple[Path, Path]:
    """The folders of the case types (BPMN, DMN) and of their forms."""
    root = HERE if (HERE / "processes").is_dir() else HERE.parent.parent
    return root / "processes", root / "forms"
