"""Templates are written in English, and compiled once for each language with their texts from its catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, nodes

from service import languages
from service.languages import pages
from service.languages.templates import LETTERS, signatures_of, walked

TEMPLATES = Path(__file__).resolve().parents[2] / "service" / "templates"
MACROS = {
    "card": ["title", "count"],
    "select": ["name", "label", "options"],
    "table": ["columns", "caption"],
    "icon": ["name"],
}


class Said:
    """A language that says everything as `said` has it, and notes what it was asked for."""

    def __init__(self, **said: str) -> None:
        self.said, self.asked = said, list[str]()

    def one(self, text: str, line: int) -> str | None:
        self.asked.append(text)
        return self.said.get(text)

    def plural(self, one: str, many: str, line: int) -> None:
        self.asked.append(f"{one} | {many}")


def rendered(source: str, said: dict[str, str], **values: object) -> str:
    environment = Environment(autoescape=True)
    environment.globals.update(_=lambda text: text, icon=lambda name: f"({name})", when=lambda at: at)
    environment.globals.update({name: lambda *a, **k: [a, k] for name in ("card", "select", "table")})
    environment.filters["counted"] = lambda number, one: f"{number} {one}"
    tree = walked(environment.parse(source), Said(**said), MACROS)
    return environment.from_string(tree).render(**values)


def asked(source: str) -> list[str]:
    messages = Said()
    environment = Environment(autoescape=True)
    environment.filters["counted"] = str
    walked(environment.parse(source), messages, MACROS)
    return messages.asked


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ("<p>Good morning</p>", ["Good morning"]),
        ("<p>Hello {{ user.name }}!</p>", ["Hello %(user)s!"]),
        ("<p><b>{{ who }}</b> can answer by <a href='{{ url }}'>a link</a>.</p>",
         ["<b>%(who)s</b> can answer by <a>a link</a>."]),
        ('<a href="/x">Open</a>', ["Open"]),
        ("{{ icon('x') }}Take it", ["Take it"]),
        ('<input placeholder="Find {{ what }}" name="Name here">', ["Find %(what)s"]),
        ("{{ 'On' if x else 'Off' }}", ["On", "Off"]),
        ("<i class=\"{{ 'Bad' if x }}\"></i>", []),
        ("{{ card('A title', 3) }}", ["A title"]),
        ("{{ select('the name', 'Kind', [('a', 'First'), ('b', 'Second')]) }}", ["Kind", "First", "Second"]),
        ("{{ table(['Who', ('Tasks', 'num')], 'All of it') }}", ["Who", "Tasks", "All of it"]),
        ("{{ card('Withdraw “' ~ task.name ~ '”?') }}", ["Withdraw “%(task)s”?"]),
        ("{{ n|counted('task') }}", ["%(num)s task | %(num)s tasks"]),
        ("{{ _('Said so') }}", ["Said so"]),
        ("<script>var text = 'Never said';</script>", []),
        ("<p>One{% if x %} and two{% endif %}</p>", ["One", "and two"]),
        ("{% block title %}Cases · Casewright{% endblock %}", ["Cases"]),
        ("<p>{{ number }} {{ title }}</p>", []),
    ],
)  # fmt: skip
def test_what_is_a_message(source: str, messages: list[str]) -> None:
    assert sorted(asked(source)) == sorted(messages)


def test_a_translation_may_turn_the_order_round_and_keeps_tags_and_escaping() -> None:
    source = "<p><b>{{ who }}</b> wrote to <a href='/p/{{ to }}'>{{ to }}</a>.</p>"
    said = {"<b>%(who)s</b> wrote to <a>%(to)s</a>.": "An <a>%(to)s</a> schrieb <b>%(who)s</b>."}

    text = rendered(source, said, who="<i>", to="bo")

    assert text == "<p>An <a href='/p/bo'>bo</a> schrieb <b>&lt;i&gt;</b>.</p>"


def test_space_around_a_text_stays() -> None:
    assert rendered("<p> One  {{ x }}</p>", {"One %(x)s": "Eins %(x)s"}, x=1) == "<p> Eins 1</p>"
    assert rendered("<p> One </p>", {"One": "Eins"}) == "<p> Eins </p>"


def test_a_template_is_compiled_once_for_each_language(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = pages.Spoken(loader=DictLoader({"a": "{% include 'b' %}<p>Hand back</p>", "b": "<b>Board</b>"}))

    english, again = environment.get_template("a"), environment.get_template("a")
    with languages.speaking("de"):
        german = environment.get_template("a")
        assert german.render() == "<b>Board</b><p>Zurückreichen</p>"

    assert english is again
    assert english is not german
    assert english.render() == "<b>Board</b><p>Hand back</p>"


#: literals in expressions that nobody is shown: what is compared, and names of classes and templates
COMPARED = re.compile(
    r"^(Casewright|in place|primary (danger|wide)|page narrow|stack|.*\.html|[a-z]+[-_][a-z_-]+)$|"
    r"^(take up|hand back|put off|send back|go back|change case|change variables|change where it stands|try again|"
    r"hang it under another case|must stay|needs a person|is skipped|waits no longer|is sent|is done|ad hoc|open case|"
    r"in three days|next week|open task|late task|late case|…|Starred)$"
)


def test_no_text_of_a_template_is_left_out() -> None:
    """Each text is replaced by a mark; what is left with letters in it would stay English in every language."""
    files = [
        path for path in sorted(TEMPLATES.rglob("*.html")) if path.name != "design.html" and "api" not in path.parts
    ]
    macros = signatures_of([path.read_text() for path in sorted(TEMPLATES.rglob("*.html"))])
    left = []
    for path in files:
        messages = Said()
        messages.one = lambda text, line: "§"  # type: ignore[method-assign]
        tree = walked(Environment(trim_blocks=True, lstrip_blocks=True).parse(path.read_text()), messages, macros)
        said = {id(each) for call in tree.find_all(nodes.Call) if _is_gettext(call) for each in call.args}
        for each in tree.find_all(nodes.Const):
            if isinstance(each.value, str) and id(each) not in said and _is_left(each.value):
                left.append(f"{path.relative_to(TEMPLATES)}:{each.lineno}: {each.value}")
        for text in tree.find_all(nodes.TemplateData):
            between = re.findall(r">([^<>§]*)<", text.data)
            left += [f"{path.relative_to(TEMPLATES)}: {t}" for t in between if LETTERS.search(re.sub(r"&\w+;", "", t))]

    assert left == []  # say it by a parameter of `SHOWN`, or by _('…')


def _is_gettext(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name == "_"


def _is_left(text: str) -> bool:
    looks_said = re.search(r"[A-Z][a-z]+|[a-z]{2,} [a-z]{2,}|…", text)
    return bool(looks_said) and "§" not in text and not COMPARED.match(text)
