"""Cases' titles, from the template that their diagram gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def title_of(template: str, variables: Mapping[str, Any]) -> str:
    """`template` with each `{name}` replaced by that variable's value, or by nothing when it is unset."""

    def value(match: re.Match[str]) -> str:
        found: Any = variables
        for part in match.group(1).split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return "" if found is None else str(found)

    title = re.sub(r"\{([\w.]+)\}", value, template)
    return re.sub(r"\s+", " ", title).strip(" ·,–-")[:300]
