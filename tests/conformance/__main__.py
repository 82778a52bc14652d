"""`make conformance`: every probe through the product on both databases, by tier; ends with one line of JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROBES = {probe["id"]: probe for probe in json.loads((HERE / "probes.json").read_text())["scenarios"]}


class Tally:
    """Collects which probe failed on which database."""

    def __init__(self) -> None:
        self.failed: dict[str, set[str]] = defaultdict(set)
        self.ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of one probe."""
        database, _, probe = report.nodeid.partition("[")[2].removesuffix("]").partition("-")
        self.ran.add(probe)
        if report.failed:
            self.failed[probe].add(database)


def main() -> int:
    """The exit code: 0 when every probe passes."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", f"--basetemp={Path(scratch) / 'pytest'}"]
        pytest.main([*arguments, str(HERE / "test_product.py")], plugins=[tally])
    passed = Counter(probe["tier"] for key, probe in PROBES.items() if key in tally.ran and key not in tally.failed)
    for tier, total in Counter(probe["tier"] for probe in PROBES.values()).items():
        print(f"{tier:12} {passed[tier]:4} of {total}")
    for key, databases in sorted(tally.failed.items()):
        print(f"fails: {key} ({', '.join(sorted(databases))})")
    print(json.dumps({"probes": len(PROBES), "pass": passed.total(), "failing": sorted(tally.failed)}))
    return 0 if passed.total() == len(PROBES) else 1


if __name__ == "__main__":
    sys.exit(main())
