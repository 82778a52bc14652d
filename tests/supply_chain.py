"""What others wrote and we ship: `make sbom` lists it, `make audit` asks whether it is known to be vulnerable.

    python -m tests.supply_chain sbom FOLDER    CycloneDX: FOLDER/python.cdx.json and FOLDER/web.cdx.json
    python -m tests.supply_chain audit          0: nothing is known; 1: something is; 3: not all could be asked

The one rule: what could not be asked is never said to be sound. pip-audit calls a package that its service does not
know "skipped" and ends with success, and so does it for all of them where an index stands between that answers nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.frontend import build

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
BIN = Path(sys.executable).parent
PATIENCE = 300  #: seconds for one service
SOUND, VULNERABLE, UNASKED = 0, 1, 3
Run = Callable[[Sequence[str | Path]], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Answer:
    """What one service said of one kind of packages."""

    what: str
    status: int
    said: str


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run it among the web parts' sources, where npm finds its lock file."""
    return subprocess.run(command, cwd=build.HERE, capture_output=True, text=True, timeout=PATIENCE, check=False)


def of_python(run: Run) -> Answer:
    """Ask PyPI about every locked package, and OSV where PyPI does not know."""
    left = "nothing was asked"
    for service in ("pypi", "osv"):
        told = run([BIN / "pip-audit", "-r", LOCK, "--require-hashes", "--disable-pip", "--progress-spinner", "off",
                    "--vulnerability-service", service, "--format", "json"])  # fmt: skip
        packages = _packages(told.stdout)
        found = [f"{each['name']} {each['version']}: {', '.join(hole['id'] for hole in each['vulns'])}"
                 for each in packages if each.get("vulns")]  # fmt: skip
        if found:
            return Answer("Python packages", VULNERABLE, "; ".join(found))
        unknown = [each["name"] for each in packages if "skip_reason" in each]
        if packages and not unknown:
            return Answer("Python packages", SOUND, f"{len(packages)} asked of {service}, no vulnerability is known")
        left = f"{len(unknown)} of {len(packages)} are not known to it" if packages else _last_line(told.stderr)
    return Answer("Python packages", UNASKED, f"neither PyPI nor OSV could be asked about all of them ({left})")


def _packages(text: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError):
        return []
    return found


def of_web_parts(run: Run, npm: Sequence[str]) -> Answer:
    """Ask npm's registry about what the pages ship."""
    told = run([*npm, "audit", "--omit=dev", "--package-lock-only", "--json"])
    try:
        counted = json.loads(told.stdout)["metadata"]
        holes, asked = counted["vulnerabilities"]["total"], counted["dependencies"]["prod"]
    except (ValueError, KeyError):
        return Answer("web parts", UNASKED, f"npm's registry could not be asked ({_last_line(told.stderr)})")
    if holes:
        return Answer("web parts", VULNERABLE, f"{holes} vulnerabilities; `npm audit --omit=dev` names them")
    return Answer("web parts", SOUND, f"{asked} asked, no vulnerability is known")


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if "complete log" not in line]
    return lines[-1] if lines else "no answer"


def audit() -> int:
    """Ask both, and say what came of it."""
    with build.node() as tools:
        answers = [of_python(run), of_web_parts(run, tools.npm)]
    words = {SOUND: "ok", VULNERABLE: "VULNERABLE", UNASKED: "NOT AUDITED"}
    for each in answers:
        print(f"{words[each.status]:<11} {each.what}: {each.said}.")
    statuses = {each.status for each in answers}
    return VULNERABLE if VULNERABLE in statuses else max(statuses)


def sbom(folder: Path) -> int:
    """Write what we ship of others: the locked Python packages, and what the bundles are made of."""
    folder.mkdir(parents=True, exist_ok=True)
    python = [BIN / "cyclonedx-py", "requirements", LOCK, "--pyproject", ROOT / "pyproject.toml",
              "--output-reproducible", "--output-format", "JSON",
              "--output-file", folder.resolve() / "python.cdx.json"]  # fmt: skip
    with build.node() as tools:
        web = [*tools.npm, "sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--omit=dev",
               "--package-lock-only"]  # fmt: skip
        for told in (run(python), listed := run(web)):
            if told.returncode:
                print(told.stderr, file=sys.stderr)
                return 1
    (folder / "web.cdx.json").write_text(listed.stdout)
    print(f"{folder}/python.cdx.json and {folder}/web.cdx.json list what is shipped of others.")
    return 0


if __name__ == "__main__":
    sys.exit(audit() if sys.argv[1] == "audit" else sbom(Path(sys.argv[2])))
