"""Which field an expression of a template means, and whether it may stand where it stands."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from jinja2 import nodes

from notifier.rules import did_you_mean
from notifier.shape import Kind, Shape

FILTERED: Final[Mapping[str, tuple[frozenset[Kind], str]]] = MappingProxyType(
    {
        "weekday": (frozenset({Kind.DATE, Kind.MOMENT}), "a date"),
        "capital": (frozenset({Kind.TEXT}), "text"),
        "listed": (frozenset({Kind.LIST}), "a list of texts"),
    }
)
LOOP: Final[Mapping[str, Shape]] = MappingProxyType(
    {"index": Shape(Kind.NUMBER), "first": Shape(Kind.YES_NO), "last": Shape(Kind.YES_NO)}
)
PATH: Final = (nodes.Name, nodes.Getattr)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in a template we are: loop variables, fields known to be there, and how deep.

    A loop variable never hides another name, so a path as written means one field in its scope.
    """

    loops: Mapping[str, tuple[Shape, str]] = field(default_factory=lambda: MappingProxyType({}))
    there: frozenset[str] = frozenset()
    depth: int = 0

    def deeper(self, there: frozenset[str] = frozenset()) -> "Scope":
        """Return the scope one level in, where these fields are known to be there as well."""
        return replace(self, there=self.there | there, depth=self.depth + 1)

    def looping(self, name: str, item: Shape, path: str) -> "Scope":
        """Return the scope inside a loop whose variable has this name and shape."""
        return replace(self.deeper(), loops={**self.loops, name: (item, f"{path}[]")})


class Fields:
    """Looks paths up in one shape; `found` collects the lines and messages of what is wrong."""

    def __init__(self, shape: Shape, may_use: Set[str] | None) -> None:
        self._shape = shape
        self._may_use = may_use
        self.found: list[tuple[int, str]] = []

    def value(
        self, expression: nodes.Node, scope: Scope, *, absent_too: bool = False
    ) -> Shape | None:
        """Return what the expression is, or None when a problem has been noted.

        An optional field must be known to be there, unless `absent_too`: a test may ask for it.
        """
        if isinstance(expression, nodes.Filter):
            return self._filtered(expression, scope)
        if not isinstance(expression, PATH):
            self.refuse_node(expression)
            return None
        shape = self._field(expression, scope)
        if shape is None or not self._may_stand(expression, scope):
            return None
        if absent_too:
            return shape
        return self._present(expression, shape, scope)

    def canonical(self, expression: nodes.Node, scope: Scope) -> str:
        """Return the path from the root of the facts, e.g. `clauses[].ref` for `clause.ref`."""
        name, _, rest = path_of(expression).partition(".")
        above = scope.loops[name][1] if name in scope.loops else name
        return f"{above}.{rest}" if rest else above

    def is_taken(self, name: str, scope: Scope) -> bool:
        """Whether a loop variable of this name would hide something."""
        return name in self._shape.fields or name in scope.loops or name == "loop"

    def refuse(self, at: nodes.Node, message: str) -> None:
        self.found.append((at.lineno, message))

    def refuse_node(self, node: nodes.Node) -> None:
        what = REFUSED.get(type(node).__name__, "this")
        self.refuse(node, f"{what} is not for letters: they use {{{{ field }}}}, if and for")

    def _field(self, expression: nodes.Node, scope: Scope) -> Shape | None:
        match expression:
            case nodes.Name(name=str(name)):
                loops = {variable: item[0] for variable, item in scope.loops.items()}
                return self._known(expression, name, {**self._shape.fields, **loops}, "")
            case nodes.Getattr(node=nodes.Name(name="loop"), attr=str(name)) if scope.loops:
                return self._known(expression, name, LOOP, "loop.")
            case nodes.Getattr(node=above, attr=str(name)):
                shape = self._field(above, scope)
                if shape is None or self._present(above, shape, scope) is None:
                    return None
                return self._known(expression, name, shape.fields, f"{path_of(above)}.")
        self.refuse_node(expression)
        return None

    def _known(
        self, at: nodes.Node, name: str, fields: Mapping[str, Shape], above: str
    ) -> Shape | None:
        if name not in fields:
            hint = did_you_mean(name, fields).replace("mean '", f"mean '{above}")
            self.refuse(at, f"unknown field '{above}{name}'{hint}")
        return fields.get(name)

    def _present(self, expression: nodes.Node, shape: Shape, scope: Scope) -> Shape | None:
        path = path_of(expression)
        if not shape.optional or path in scope.there:
            return shape
        inside = f"{{% if {path} %}} … {{% endif %}}"
        self.refuse(expression, f"'{path}' may be absent: put it inside {inside}")
        return None

    def _may_stand(self, expression: nodes.Node, scope: Scope) -> bool:
        path = self.canonical(expression, scope)
        if self._may_use is None or path in self._may_use or path.startswith("loop."):
            return True
        there = ", ".join(sorted(self._may_use))
        self.refuse(expression, f"'{path}' may not stand here; what may is {there}")
        return False

    def _filtered(self, expression: nodes.Filter, scope: Scope) -> Shape | None:
        if expression.name not in FILTERED:
            hint = did_you_mean(expression.name, FILTERED) or f"; there are {', '.join(FILTERED)}"
            self.refuse(expression, f"unknown filter '{expression.name}'{hint}")
            return None
        if expression.args or expression.kwargs or expression.dyn_args or expression.dyn_kwargs:
            self.refuse(expression, f"the filter '{expression.name}' takes nothing in brackets")
            return None
        inner = expression.node
        shape = self.value(inner, scope) if isinstance(inner, nodes.Node) else None
        if shape is None:
            return None
        kinds, words = FILTERED[expression.name]
        if shape.kind not in kinds or (shape.items and shape.items.kind is not Kind.TEXT):
            self.refuse(expression, f"the filter '{expression.name}' is for {words}")
            return None
        return Shape(Kind.TEXT)


def path_of(expression: nodes.Node) -> str:
    """Return the path as it is written, e.g. `post.platform`."""
    match expression:
        case nodes.Name(name=str(name)):
            return name
        case nodes.Getattr(node=above, attr=str(name)):
            return f"{path_of(above)}.{name}"
        case nodes.Filter(node=nodes.Node() as inner):
            return path_of(inner)
    return "…"


REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("Assign", "AssignBlock"), "'set'"),
        **dict.fromkeys(("Call", "CallBlock"), "a call with brackets"),
        **dict.fromkeys(("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"), "reckoning"),
        **dict.fromkeys(("Neg", "Pos"), "reckoning"),
        **dict.fromkeys(("Const", "List", "Tuple", "Dict"), "a fixed value"),
        **dict.fromkeys(("Import", "FromImport", "Include", "Extends"), "another template"),
        "Concat": "joining with '~'",
        "CondExpr": "an 'if' inside {{ }}",
        "FilterBlock": "'filter' round a passage",
        "Getitem": "a field in square brackets",
        "Macro": "'macro'",
        "Test": "'is'",
    }
)
"""What Jinja calls the constructs that letters do without, and what we call them."""
