"""Which names a Python text uses and assigns, found without running it.

Only the names that are used are sent into the sandbox: a case of 1 MB must not be copied for `amount > 1000`.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import textwrap
import warnings
from dataclasses import dataclass
from functools import lru_cache

_FILE = "<designer>"
warnings.filterwarnings("ignore", category=SyntaxWarning, module=_FILE)  # `1if x`: odd, but not our log's matter

MAX_LENGTH = 100_000  #: characters of one text

_MODULES = ("math", "re", "json")

#: Offered to every expression and script beside Python's own: see `python_sandbox.OFFERED`.
OFFERED = frozenset({*_MODULES, "now", "today", "uuid4", "datetime", "date", "time", "timedelta", "timezone"})
_BUILTIN = frozenset(dir(builtins))


class Unreadable(ValueError):
    """Not Python. `line` counts from 1 in the text as written."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Names:
    """What one text does with the names of the case."""

    code: str  #: the text as the sandbox reads it
    read: frozenset[str]  #: every global name that is read anywhere, builtins left out
    assigned: frozenset[str]  #: global names that are bound to values (functions, classes and modules left out)
    free: frozenset[str]  #: read before the text itself binds them, so the case must have them
    meant: frozenset[str]  #: read, and variables where the case has such: `id` and `max` too, but not `max(…)`
    shift: int = 0  #: lines that `code` has before the text's first


@lru_cache(maxsize=4096)
def expression(text: str) -> Names:
    """The names of one expression, which may go over several lines. Raises Unreadable."""
    code = f"(\n{text.strip()}\n)"
    tree = _parse(code, "eval", shift=1)
    read, assigned = _globals(code)
    if assigned:
        return _refuse_walrus(tree)
    found = read - _BUILTIN
    return Names(code, found, frozenset(), found, _meant(tree, read), shift=1)


@lru_cache(maxsize=1024)
def script(text: str) -> Names:
    """The names of a script. Common indentation, as drawn into XML, is taken away. Raises Unreadable."""
    code = _dedented(text)
    shift = -(len(text) - len(text.lstrip("\n")))
    tree = _parse(code, "exec", shift=shift)
    read, bound = _globals(code)
    values = frozenset(name for name, _ in _stores(tree)) & bound
    found = read - _BUILTIN
    return Names(code, found, values, _free(tree, found, bound), _meant(tree, read), shift=shift)


def _dedented(text: str) -> str:
    """Without the indentation of the XML around it, of which the first line may have lost its own."""
    code = textwrap.dedent(text.expandtabs(4)).strip("\n")
    try:
        ast.parse(code, _FILE)
    except IndentationError:
        return inspect.cleandoc(code)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        pass  # told by whoever parses it
    return code


def _parse(code: str, mode: str, shift: int) -> ast.AST:
    if len(code) > MAX_LENGTH:
        raise Unreadable(f"The text is longer than {MAX_LENGTH:,} characters.", None)
    try:
        return ast.parse(code, _FILE, mode)
    except SyntaxError as error:
        raise Unreadable(f"{(error.msg or 'invalid syntax').capitalize()}.", _line(error.lineno, shift)) from None
    except (RecursionError, MemoryError, ValueError) as error:  # too deep for the parser, or a NUL
        raise Unreadable(f"The text cannot be read as Python ({error or 'it is nested too deeply'}).", None) from None


def _line(line: int | None, shift: int) -> int | None:
    return None if line is None else max(1, line - shift)


def _refuse_walrus(tree: ast.AST) -> Names:
    line = next((node.lineno - 1 for node in ast.walk(tree) if isinstance(node, ast.NamedExpr)), None)
    raise Unreadable("An expression must not assign.", line)


class _Scoped(ast.NodeTransformer):
    """Every comprehension as a generator: from Python 3.12 on (PEP 709), the variables of the others are told as if
    they were bound where the comprehension stands."""

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.GeneratorExp:
        """`[x for x in xs]` as `(x for x in xs)`."""
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.GeneratorExp:
        """`{k: v for …}` as `((k, v) for …)`."""
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _globals(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """Global names read, and global names bound, at any depth of functions and comprehensions."""
    read: set[str] = set()
    bound: set[str] = set()
    try:
        tables = [symtable.symtable(code, _FILE, "exec")]  # of the text as written: errors name its lines
        tree = ast.parse(code, _FILE)
        if any(isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp) for node in ast.walk(tree)):
            scoped = ast.fix_missing_locations(_Scoped().visit(tree))
            tables = [symtable.symtable(ast.unparse(scoped), _FILE, "exec")]
    except (SyntaxError, RecursionError, ValueError) as error:
        raise Unreadable(f"The text cannot be read as Python ({error}).", getattr(error, "lineno", None)) from None
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if not (top or symbol.is_global()):
                continue
            if symbol.is_referenced():
                read.add(symbol.get_name())
            if symbol.is_assigned() or symbol.is_imported():
                bound.add(symbol.get_name())
    read |= {name for node in ast.walk(ast.parse(code, _FILE)) if (name := _updated(node))}
    return frozenset(read), frozenset(bound)


def _meant(tree: ast.AST, read: frozenset[str]) -> frozenset[str]:
    """A variable cannot be called, so what is called is Python's own or ours."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return read - ({name.id for name in calls if isinstance(name, ast.Name)} & (_BUILTIN | OFFERED))


def _updated(node: ast.AST) -> str | None:
    """The name that `x += 1` reads as well as binds."""
    return node.target.id if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) else None


def _stores(tree: ast.AST) -> list[tuple[str, ast.Name]]:
    """Names bound to values, in any scope: assignments, loops, `with`; not `def`, `class`, `import`, nor a lambda."""
    lambdas = {
        id(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        for target in node.targets
    }
    return [
        (node.id, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in lambdas
    ]


def _free(tree: ast.AST, read: frozenset[str], bound: frozenset[str]) -> frozenset[str]:
    """Names read before the text binds them, in the order in which the text is written."""
    first_read: dict[str, tuple[int, int]] = {}
    first_bound: dict[str, tuple[int, int]] = {}
    for statement in ast.walk(tree):
        for node in ast.iter_child_nodes(statement):
            if isinstance(node, ast.Name):
                places = first_read if isinstance(node.ctx, ast.Load) else first_bound
                _note(places, node.id, _bound_at(statement, node))
                if _updated(statement):
                    _note(first_read, node.id, (node.lineno, node.col_offset - 1))
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                _note(first_bound, node.name, (node.lineno, node.col_offset))
            elif isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    name = (alias.asname or alias.name).split(".")[0]
                    _note(first_bound, name, (node.lineno, node.col_offset))
    far = (10**9, 0)
    early = {name for name in read if first_read.get(name, far) < first_bound.get(name, far)}
    return frozenset((read - bound) | early)


def _bound_at(parent: ast.AST, node: ast.Name) -> tuple[int, int]:
    """Where `node` takes effect: an assignment's target is bound at the end of its statement."""
    if isinstance(node.ctx, ast.Store) and isinstance(parent, ast.Assign | ast.AnnAssign):
        return (parent.end_lineno or parent.lineno, parent.end_col_offset or 0)
    return (node.lineno, node.col_offset)


def _note(places: dict[str, tuple[int, int]], name: str, place: tuple[int, int]) -> None:
    places[name] = min(place, places.get(name, place))
