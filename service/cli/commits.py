"""From which commit files are deployed: what git says of their folder, else what the CI server says in a variable."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

#: where CI servers say which commit they build: GitHub, GitLab, Jenkins, Azure, Bitbucket, CircleCI, Buildkite, Drone,
#: Travis, TeamCity
VARIABLES = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "GIT_COMMIT",
    "BUILD_SOURCEVERSION",
    "BITBUCKET_COMMIT",
    "CIRCLE_SHA1",
    "BUILDKITE_COMMIT",
    "DRONE_COMMIT",
    "TRAVIS_COMMIT",
    "BUILD_VCS_NUMBER",
)
SECONDS = 10  #: for git to answer
#: A folder's own settings may name programs that git would run as it looks for changes.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def commit_of(paths: Sequence[Path]) -> str | None:
    """The commit that `paths` are of, with “and changes” where they differ from it; None where nobody says."""
    said = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), None)
    return _of_git(paths) or said


def _of_git(paths: Sequence[Path]) -> str | None:
    folders = {path if path.is_dir() else path.parent for path in paths}
    heads = {_asked(folder, "rev-parse", "HEAD") for folder in folders}
    if len(heads) != 1 or not (head := heads.pop()):
        return None
    changed = any(_asked(path if path.is_dir() else path.parent, "status", "--porcelain", "--", str(path.resolve()))
                  for path in paths)  # fmt: skip
    return f"{head} and changes" if changed else head


def _asked(folder: Path, *words: str) -> str | None:
    """What git prints, None where it is not there or refuses."""
    try:
        done = subprocess.run(  # noqa: S603  # fixed words, and paths that stand behind their option
            [*_GIT, "-C", str(folder), *words], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
