"""Changes of code, one at a time: where a module can be changed, into what, and how the change is put in place.

What is changed: comparisons, and/or/not, conditions, arithmetic, numbers, texts (emptied), returned values,
any/all, min/max, sorted, default arguments; statements are left out. Not changed: annotations, docstrings, asserts,
patterns of `match`, fields of dataclasses, and the words of tables longer than eight (they are data). It runs no test.
"""

import ast
import functools
import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LONG_TABLE = 8

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLED = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_REMOVABLE = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a node hangs in its tree: `parent.field`, or `parent.field[index]`."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is compiled anew for a mutant: a function (in a class, when `owner`), or a module's assignment."""

    statement: ast.stmt
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    module: str
    unit: Unit
    place: Place
    old: ast.AST
    new: ast.AST
    lines: range

    @property
    def path(self) -> Path:
        return ROOT / "monitor" / f"{self.module}.py"

    def __str__(self) -> str:
        shown = "(left out)" if isinstance(self.new, ast.Pass) else _clip(ast.unparse(self.new))
        where = f"monitor/{self.module}.py:{getattr(self.old, 'lineno', self.lines.start)}"
        return f"{where}: {_clip(ast.unparse(self.old))}  ->  {shown}"

    def apply(self) -> None:
        """Put the change into the living module; done in a child that ends afterwards."""
        module = importlib.import_module(f"monitor.{self.module}".replace("/", "."))
        self.place.put(self.new)
        ast.fix_missing_locations(self.unit.statement)
        if isinstance(self.unit.statement, ast.FunctionDef):
            self._replace_function(module, self.unit.statement)
        else:
            self._replace_constants(module)

    def _replace_function(self, module: ModuleType, definition: ast.FunctionDef) -> None:
        definition.decorator_list = []
        made: dict[str, FunctionType] = {}
        _run([definition], self.path, module, made)
        owner: Any = getattr(module, self.unit.owner) if self.unit.owner else module
        living = owner.__dict__[definition.name]
        living = getattr(living, "fget", None) or getattr(living, "__func__", living)
        while hasattr(living, "__wrapped__"):
            living = living.__wrapped__
        fresh = made[definition.name]
        living.__code__, living.__defaults__ = fresh.__code__, fresh.__defaults__
        living.__kwdefaults__ = fresh.__kwdefaults__

    def _replace_constants(self, module: ModuleType) -> None:
        """Run the assignment and those after it again, and hand the new values to whoever imported the old."""
        before = dict(module.__dict__)
        body = _tree(self.path).body
        later = [each for each in body if each.lineno > self.unit.statement.lineno and _assigns(each)]
        _run([self.unit.statement, *later], self.path, module, module.__dict__)
        for name, value in module.__dict__.items():
            if name in before and before[name] is not value:
                for other in list(sys.modules.values()):
                    if getattr(other, "__name__", "").startswith("monitor") and (
                        other.__dict__.get(name) is before[name]
                    ):
                        setattr(other, name, value)


def _run(body: list[ast.stmt], path: Path, module: ModuleType, into: dict[str, Any]) -> None:
    code = compile(ast.Module(body=body, type_ignores=[]), str(path), "exec")
    exec(code, module.__dict__, into)


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:89]}…"


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _assigns(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None


def mutants_of(module: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its source."""
    found: list[Mutant] = []
    for unit in _units(_tree(ROOT / "monitor" / f"{module}.py")):
        walk = _Walk(module=module, unit=unit)
        walk.into(unit.statement)
        found += walk.found
    return found


def _units(tree: ast.Module) -> Iterator[Unit]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            yield Unit(statement=statement)
        elif isinstance(statement, ast.ClassDef):
            for member in statement.body:
                if isinstance(member, ast.FunctionDef):
                    yield Unit(statement=member, owner=statement.name)
        elif _assigns(statement) and "__all__" not in ast.unparse(statement):
            yield Unit(statement=statement)


@dataclass(kw_only=True)
class _Walk:
    """One pass over a unit that notes where something can be changed, and into what."""

    module: str
    unit: Unit
    found: list[Mutant] = field(default_factory=list)

    def into(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_comment", "format_spec"}:
                continue
            if isinstance(value, ast.AST):
                self._visit(value, Place(parent=node, field=name, index=None))
            elif isinstance(value, list) and not self._is_table(value):
                for index, child in enumerate(value):
                    if isinstance(child, ast.AST) and not _is_docstring(node, name, index):
                        self._visit(child, Place(parent=node, field=name, index=index))

    def _visit(self, node: ast.AST, place: Place) -> None:
        if isinstance(node, ast.pattern | ast.Assert | ast.expr_context | ast.operator | ast.cmpop):
            return
        if isinstance(place.parent, ast.JoinedStr) and isinstance(node, ast.Constant):
            return
        for new in self._changes(node, place):
            self.found.append(
                Mutant(
                    module=self.module,
                    unit=self.unit,
                    place=place,
                    old=node,
                    new=new,
                    lines=self._lines(node),
                )
            )
        self.into(node)

    def _lines(self, node: ast.AST) -> range:
        """Return the lines of which a test must have run one to be able to notice."""
        arguments = getattr(self.unit.statement, "args", None)
        inside = arguments is not None and any(node is each for each in ast.walk(arguments))
        spot: Any = self.unit.statement if inside or not hasattr(node, "lineno") else node
        return range(spot.lineno, spot.end_lineno + 1)

    def _is_table(self, value: list[Any]) -> bool:
        texts = [each for each in value if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        return _assigns(self.unit.statement) and len(texts) > LONG_TABLE

    def _changes(self, node: ast.AST, place: Place) -> Iterator[ast.AST]:
        if isinstance(node, ast.stmt):
            yield from self._statement(node)
        elif isinstance(node, ast.expr):
            yield from _expression(node, in_module=_assigns(self.unit.statement), parent=place.parent)
            if _is_condition(place) and not isinstance(
                node, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant
            ):
                yield ast.UnaryOp(op=ast.Not(), operand=node)

    def _statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        if isinstance(node, ast.AugAssign) and type(node.op) in _COMPUTED:
            yield ast.AugAssign(target=node.target, op=_COMPUTED[type(node.op)](), value=node.value)
        if isinstance(node, _REMOVABLE) or (isinstance(node, ast.Assign) and self._again(node)):
            yield ast.Pass()
        if isinstance(node, ast.Return) and node.value and not isinstance(node.value, ast.Constant):
            yield ast.Return(value=ast.Constant(value=None))

    def _again(self, node: ast.Assign) -> bool:
        """Say whether an assignment changes something that was there before: without it the code still runs."""
        (target, *_) = node.targets
        if not isinstance(target, ast.Name):
            return isinstance(target, ast.Attribute | ast.Subscript)
        stores = Counter(
            each.id if isinstance(each, ast.Name) else each.arg
            for each in ast.walk(self.unit.statement)
            if isinstance(each, ast.arg) or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
        )
        return isinstance(self.unit.statement, ast.FunctionDef) and stores[target.id] > 1


def _expression(node: ast.expr, *, in_module: bool, parent: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            for index, op in enumerate(ops):
                changed = [*ops[:index], _COMPARED[type(op)](), *ops[index + 1 :]]
                yield ast.Compare(left=left, ops=changed, comparators=others)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(op=ast.Or() if isinstance(op, ast.And) else ast.And(), values=values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.BinOp(op=ast.BitOr()) if in_module or isinstance(parent, ast.Call):
            return  # a union of types
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMPUTED:
            yield ast.BinOp(left=left, op=_COMPUTED[type(op)](), right=right)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _CALLED:
            kept = [] if name == "sorted" else keywords
            yield ast.Call(func=ast.Name(id=_CALLED[name], ctx=ast.Load()), args=args, keywords=kept)
        case _:
            yield from _value(node)


def _value(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value=value + 1)
        case ast.Constant(value=str(value)):
            yield ast.Constant(value="" if value else "changed")
        case ast.JoinedStr():
            yield ast.Constant(value="")
        case _:
            return


def _is_condition(place: Place) -> bool:
    return place.field in {"test", "guard", "ifs"}


def _is_docstring(parent: ast.AST, name: str, index: int) -> bool:
    return (
        name == "body"
        and index == 0
        and isinstance(parent, ast.FunctionDef)
        and bool(ast.get_docstring(parent))
    )
