"""The tests of case types: each file of tests with what it is about, run, with its coverage; reported to CI servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from service.errors import InvalidDeployment
from service.rehearsal import coverage, examples, searching
from service.rehearsal.coverage import KINDS, Coverage
from service.rehearsal.examples import ENDING, Result
from service.rehearsal.world import World

GENERATED = f".generated{ENDING}"
WORDS = {"flow": "sequence flows", "rule": "decision rules", "branch": "form branches"}


@dataclass(frozen=True)
class Suite:
    """The tests in one folder, which are those of the processes in it."""

    folder: str
    keys: tuple[str, ...]
    results: tuple[Result, ...]
    coverage: Coverage

    @property
    def failed(self) -> list[Result]:
        """The tests that did not pass."""
        return [each for each in self.results if each.problems]


def run(world: World, tests: Mapping[str, str]) -> list[Suite]:
    """Run the files of tests (name -> text), by folder. Raises `InvalidDeployment` with each mistake in them."""
    read, problems = {}, []
    for name, text in sorted(tests.items()):
        try:
            read[name] = examples.read(name, text)
        except InvalidDeployment as refused:
            problems += refused.problems
    if problems:
        raise InvalidDeployment(problems)
    folders = sorted({_folder(name) for name in (*tests, *(each.info.file for each in world.definitions.values()))})
    found = []
    for folder in folders:
        keys = keys_in(world, folder)
        results = [
            examples.run(each, world) for name, listed in read.items() if _folder(name) == folder for each in listed
        ]
        if keys or results:
            found.append(Suite(folder, keys, tuple(results), coverage.of(world, keys, results)))
    return found


def keys_in(world: World, folder: str) -> tuple[str, ...]:
    """The processes whose files stand in the folder."""
    return tuple(key for key, each in world.definitions.items() if _folder(each.info.file) == folder)


def generated(world: World, suite: Suite, *, seconds: float = searching.SECONDS, seed: int = 1) -> tuple[str, str]:
    """The name and text of a file with tests for what the suite did not come by; an empty text where none is found."""
    key = main_of(suite, world)
    found = searching.search(world, key, keys=suite.keys, but=suite.coverage.taken, seconds=seconds, seed=seed)
    name = f"{suite.folder}/{key}{GENERATED}" if suite.folder not in ("", ".") else f"{key}{GENERATED}"
    listed = [examples.as_data(each, key) for each in found]
    return name, examples.written(key, listed, {}) if listed else ""


def main_of(suite: Suite, world: World) -> str:
    """The process that is called as its folder; else the first that no other there calls, and that is no fragment."""
    named = PurePosixPath(suite.folder).name
    infos = [world.definitions[key].info for key in suite.keys]
    called = {key for info in infos for key in (*info.children, *info.calls)}
    own = [i.key for i in infos if i.key not in called and i.attributes.get("insertable") != "true"]
    return named if named in suite.keys else (own or list(suite.keys))[0]


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)


def in_words(suite: Suite) -> str:
    """How much of its processes the tests of a suite took."""
    counted = [(WORDS[kind], *suite.coverage.count(kind)) for kind in KINDS]
    return ", ".join(f"{taken} of {all_} {word}" for word, taken, all_ in counted if all_)


def as_data(suites: Iterable[Suite]) -> dict[str, Any]:
    """The whole report as JSON values."""
    return {
        "suites": [
            {
                "folder": suite.folder,
                "processes": list(suite.keys),
                "tests": [_result(each) for each in suite.results],
                "coverage": suite.coverage.as_data(),
            }
            for suite in suites
        ]
    }


def _result(result: Result) -> dict[str, Any]:
    example = result.example
    problems = [
        {"file": p.file, "line": p.line, "message": p.message, "stale": p.rule == "stale"} for p in result.problems
    ]
    return {
        "name": example.name,
        "file": example.file,
        "line": example.line,
        "passed": not problems,
        "problems": problems,
    }


def as_junit(suites: Sequence[Suite]) -> str:
    """The whole report as JUnit has it, for CI servers."""
    root = etree.Element("testsuites")
    for suite in suites:
        node = etree.SubElement(root, "testsuite", name=suite.folder)
        node.set("tests", str(len(suite.results)))
        node.set("failures", str(len(suite.failed)))
        for result in suite.results:
            case = etree.SubElement(node, "testcase", name=_plain(result.example.name), file=result.example.file)
            case.set("classname", suite.folder.replace("/", "."))
            for problem in result.problems:
                etree.SubElement(case, "failure", message=_plain(problem.message)).text = _plain(str(problem))
    text: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return text


def _plain(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(each for each in text if each in "\t\n" or (each >= " " and each not in "\ufffe\uffff"))
