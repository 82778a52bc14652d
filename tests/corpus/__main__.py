"""`python -m tests.corpus NAME`: keep the cases of this release under a new name, like `format-3`."""

from __future__ import annotations

import json
import sys

from tests.corpus.stored import HERE, PROBES, record


def main(name: str) -> None:
    """Write the file; raises FileExistsError where it is there."""
    lines = ({"probe": name, "stood": stood} for name, probe in PROBES.items() if (stood := record(probe)))
    with (HERE / f"{name}.jsonl").open("x") as file:
        file.writelines(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1])
