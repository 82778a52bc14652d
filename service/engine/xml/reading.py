"""Reading XML that a stranger wrote: never the network, never a file, never an entity, never without bounds."""

from __future__ import annotations

import codecs
import re

from lxml import etree

from service.engine.definition import Problem, Refused
from service.engine.xml.document import source_line

#: Default limits. The largest of 11,927 public models has 1.9 MB and a depth of 31.
MAX_BYTES = 5_000_000
MAX_DEPTH = 200
MAX_NODES = 250_000
MAX_ATTRIBUTES = 200  #: of one element; reading them takes time by their square
MAX_SIBLINGS = 15_000  #: of one element; the schema's errors take time by their square
MAX_NAMESPACES = 2_000  #: declarations in one file
XINCLUDE = "http://www.w3.org/2001/XInclude"

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]{0,200}?\?>")
_ENCODING = re.compile(rb"""^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_PROLOG = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_NAMESPACE = re.compile(r"""(\sxmlns(?::[\w.-]{1,100})?\s{0,100}=\s{0,100}["'])([^"'<>\n]{0,1000})(["'])""")
_ALLOWED = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(windows-|cp)(125\d|437|850|874|93[26]|949|950)|mac-?roman|"
    r"gb(k|2312|18030)|big5|shift_jis|euc-(jp|kr)|koi8-[ru]",
    re.IGNORECASE,
)


def safe_xml(
    name: str,
    xml: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_nodes: int = MAX_NODES,
) -> etree._Element:
    """The root of `xml`, without comments and processing instructions; lines are those of the file.

    Raises Refused, with one Problem, for whatever is not plain, bounded, well-formed XML. A DOCTYPE is refused before
    the parser sees it, so no entity, internal or external, is ever declared (XML 1.0 §4.2).
    """
    if len(xml) > max_bytes:
        raise _refused(name, f"The file has {len(xml):,} bytes.", f"At most {max_bytes:,} bytes are read; split it.")
    text = _decoded(name, xml)
    if not text.strip():
        raise _refused(name, "The file is empty.", "Deploy a BPMN or DMN file.")
    _refuse_doctype(name, text)
    if text.count("xmlns") > MAX_NAMESPACES:
        raise _refused(name, f"The file declares more than {MAX_NAMESPACES:,} namespaces.", "Declare them at the root.")
    root = _parsed(name, text)
    _refuse_excess(name, root, max_depth, max_nodes)
    return root


def _refused(name: str, message: str, advice: str, line: int | None = None) -> Refused:
    return Refused([Problem(file=name, message=message, advice=advice, line=line)])


def _decoded(name: str, xml: bytes) -> str:
    """The text, decoded by us: the parser's own decoders know encodings that hide a DOCTYPE (UTF-7, EBCDIC)."""
    encoding = "utf-8"
    for mark, by_mark in _BOMS:
        if xml.startswith(mark):
            xml, encoding = xml[len(mark) :], by_mark
            break
    else:
        declared = _ENCODING.match(xml)
        if declared:
            encoding = declared.group(1).decode("ascii")
            if not _ALLOWED.fullmatch(encoding):
                raise _refused(name, f"The encoding {encoding} is not read.", "Save the file as UTF-8.", 1)
        elif xml.startswith((b"<\x00", b"\x00<")):
            encoding = "utf-16-le" if xml.startswith(b"<\x00") else "utf-16-be"
    try:
        return xml.decode(encoding)
    except (UnicodeError, LookupError) as error:
        where = getattr(error, "start", 0)
        line = xml.count(b"\n", 0, where) + 1
        raise _refused(name, f"The file is not text in {encoding}.", "Save the file as UTF-8.", line) from error


def _refuse_doctype(name: str, text: str) -> None:
    position = 0
    while match := _PROLOG.match(text, position):
        position = match.end()
    if text[position : position + 9].upper() == "<!DOCTYPE":
        line = text.count("\n", 0, position) + 1
        raise _refused(name, "The file declares a DOCTYPE, and so could declare entities.", "Remove the DOCTYPE.", line)


def _parsed(name: str, text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    # The declaration is blanked, because it may name the encoding that the text no longer has.
    declaration = _DECLARATION.match(text)
    if declaration:
        blank = "\n" * declaration.group().count("\n")
        text = blank + text[declaration.end() :]
    try:
        root = etree.fromstring(_NAMESPACE.sub(_without_blanks, text).encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or None
        raise _refused(name, f"The file is not well-formed XML: {_reason(error)}.", "Correct the XML.", line) from error
    return root


def _without_blanks(declaration: re.Match[str]) -> str:
    """The declaration of a namespace, whose name the parser refuses as no URI if it has blanks in it or around it."""
    return f"{declaration[1]}{declaration[2].strip(' ').replace(' ', '%20')}{declaration[3]}"


def _reason(error: Exception) -> str:
    """The parser's words, without its position and without quoting more than a little of the file."""
    words = str(error).split(", line ")[0].strip().rstrip(".").removesuffix(", use XML_PARSE_HUGE option")
    if "xcessive depth" in words:
        return "elements are nested too deeply"
    return words[:160] or "it ends too early"


def _refuse_excess(name: str, root: etree._Element, max_depth: int, max_nodes: int) -> None:
    depth = nodes = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        nodes += 1
        line = source_line(node)
        if depth > max_depth:
            raise _refused(name, f"Elements are nested deeper than {max_depth}.", "Make it flatter.", line)
        if nodes > max_nodes:
            raise _refused(name, f"The file has more than {max_nodes:,} XML elements.", "Split it.", line)
        if len(node.attrib) > MAX_ATTRIBUTES:
            raise _refused(name, f"An element has more than {MAX_ATTRIBUTES} attributes.", "Remove some.", line)
        if len(node) > MAX_SIBLINGS:
            raise _refused(name, f"An element has more than {MAX_SIBLINGS:,} elements in it.", "Split it.", line)
        if node.tag == f"{{{XINCLUDE}}}include":
            raise _refused(name, "XInclude is not followed.", "Put the content into this file.", line)
