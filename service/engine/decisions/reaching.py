"""Which DMN files a file needs: those that it imports or refers to by namespace or name, and what these need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from service.engine.definition import Refused
from service.engine.xml.reading import safe_xml


def reached(files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Of each file (name -> content) itself and the others among them that it needs."""
    roots = dict(_roots(files))
    named = {root.get("namespace", name): name for name, root in roots.items()}
    direct = {name: {named.get(place, place) for place in _places(root)} & files.keys() for name, root in roots.items()}
    return {name: _closed(name, direct) for name in files}


def _roots(files: Mapping[str, bytes]) -> Iterator[tuple[str, etree._Element]]:
    for name, content in files.items():
        try:
            yield name, safe_xml(name, content)
        except Refused:  # which is told where it is examined
            continue


def _places(root: etree._Element) -> Iterator[str]:
    for element in root.iter(etree.Element):
        if etree.QName(element).localname == "import":
            yield element.get("namespace", "")
        if place := element.get("href", "").rpartition("#")[0]:
            yield place


def _closed(name: str, direct: Mapping[str, set[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = direct.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
