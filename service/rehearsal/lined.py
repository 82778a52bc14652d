"""YAML that remembers its lines, so that each mistake is told where it stands; dates stay texts, and `no` is a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import yaml

from service.engine.definition import Problem
from service.errors import InvalidDeployment, ServiceError

MOST_ALIASES = 100
_T = TypeVar("_T")


class Lined(dict[str, Any]):
    """A mapping with the line at which it begins, and those of its names."""

    line: int | None = None
    lines: dict[str, int]

    def at(self, name: str) -> int | None:
        """The line of that name; of the mapping where it is not there."""
        return getattr(self, "lines", {}).get(name, self.line)


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Lined:
    found = Lined()
    found.line, found.lines = node.start_mark.line + 1, {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
        if not key or key in found:
            raise yaml.constructor.ConstructorError(None, None, f"“{key}” stands there twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in known
        if tag != "tag:yaml.org,2002:timestamp" and not (tag == "tag:yaml.org,2002:bool" and first not in "tTfF")
    ]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Writer(yaml.SafeDumper):
    """Writes what `Lined` reads: long texts folded, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
        return super().increase_indent(flow, False)


class Wrong:
    """The mistakes in a file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, line: int | None, message: str) -> None:
        """Note one."""
        self.problems.append(Problem(self.file, message, "", line))

    def strange(self, said: Lined, known: Iterable[str], what: str) -> None:
        """Note each name that is not known there."""
        listed = list(known)
        for name in said:
            if name not in listed:
                self.add(said.at(name), f"{what} has {', '.join(listed)}; not “{name}”.")

    @contextmanager
    def catching(self, said: Any) -> Iterator[None]:
        """Note what is refused inside, at the line of `said`."""
        try:
            yield
        except ServiceError as problem:
            self.add(getattr(said, "line", None), str(problem))


def gathered(name: str, text: str, read: Callable[[str, Any, Wrong], Iterable[_T]], longest: int) -> list[_T]:
    """What `read` makes of the file. Raises `InvalidDeployment` with every mistake."""
    wrong = Wrong(name)
    if len(text) > longest:
        wrong.add(1, f"A file of tests has at most {longest:,} characters.")
        raise InvalidDeployment(wrong.problems)
    root: Any = None
    try:
        if sum(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)) > MOST_ALIASES:
            wrong.add(1, f"A file of tests has at most {MOST_ALIASES} aliases.")
        else:
            root = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        wrong.add(line, f"This is no YAML: {problem.problem}.")
    except (yaml.YAMLError, ValueError, RecursionError):
        wrong.add(1, "This is no YAML that can be read.")
    found = list(read(name, root, wrong)) if not wrong.problems else []
    if wrong.problems:
        raise InvalidDeployment(wrong.problems)
    return found


def _represent(writer: Writer, said: Lined) -> yaml.Node:
    return writer.represent_dict(dict(said))


Writer.add_representer(Lined, _represent)


def values(text: str) -> dict[str, Any]:
    """What lines such as `amount: 5` say; nothing for no text. Raises `ValueError` where they say no such thing."""
    try:
        found = gathered("", text, lambda _, root, __: [root], len(text)) if text.strip() else [{}]
    except InvalidDeployment:
        raise ValueError(text) from None
    [root] = found
    if not isinstance(root, dict):
        raise ValueError(text)
    return dict(root)
