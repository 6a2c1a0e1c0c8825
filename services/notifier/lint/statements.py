"""The walk over a template's syntax tree: what is printed, the ifs and the loops."""

from collections.abc import Set
from typing import Final

from jinja2 import nodes

from notifier.lint.fields import PATH, Fields, Scope, path_of
from notifier.rules import did_you_mean
from notifier.shape import Kind, Shape

MAX_LOOPS: Final = 2
MAX_NESTING: Final = 6
PRINTED: Final = frozenset({Kind.TEXT, Kind.DATE, Kind.MOMENT, Kind.NUMBER})


class Statements:
    """Checks one template; `found` has the lines and messages of what is wrong with it."""

    def __init__(self, shape: Shape, may_use: Set[str] | None) -> None:
        self._fields = Fields(shape, may_use)
        self.found = self._fields.found

    def check(self, template: nodes.Template) -> None:
        """Walk the whole tree."""
        self._body(template.body, Scope())

    def _body(self, statements: list[nodes.Node], scope: Scope) -> None:
        for statement in statements:
            if scope.depth > MAX_NESTING:
                self._fields.refuse(statement, f"is nested more than {MAX_NESTING} deep")
                return
            match statement:
                case nodes.Output(nodes=printed):
                    for expression in printed:
                        self._printed(expression, scope)
                case nodes.If():
                    self._if(statement, scope)
                case nodes.For():
                    self._for(statement, scope)
                case _:
                    self._fields.refuse_node(statement)

    def _printed(self, expression: nodes.Node, scope: Scope) -> None:
        if isinstance(expression, nodes.TemplateData):
            return
        shape = self._fields.value(expression, scope)
        if shape is not None and shape.kind not in PRINTED:
            path = path_of(expression)
            self._fields.refuse(expression, f"'{path}' is {shape.kind}: {_instead(shape)}")

    def _if(self, statement: nodes.If, scope: Scope) -> None:
        self._test(statement.test, scope)
        self._body(statement.body, scope.deeper(_if_true(statement.test)))
        otherwise = _if_false(statement.test)
        for alternative in statement.elif_:
            self._test(alternative.test, scope.deeper(otherwise))
            self._body(alternative.body, scope.deeper(otherwise | _if_true(alternative.test)))
            otherwise |= _if_false(alternative.test)
        self._body(statement.else_, scope.deeper(otherwise))

    def _for(self, loop: nodes.For, scope: Scope) -> None:
        over, target = loop.iter, loop.target
        if loop.recursive or loop.test or not isinstance(over, PATH):
            self._fields.refuse(loop, "a loop runs over a whole list: {% for entry in list %}")
            return
        if not isinstance(target, nodes.Name):
            self._fields.refuse(loop, "a loop has one variable: {% for entry in list %}")
            return
        if self._fields.is_taken(target.name, scope):
            self._fields.refuse(loop, f"'{target.name}' means something already; rename it")
            return
        if len(scope.loops) == MAX_LOOPS:
            self._fields.refuse(loop, f"loops are nested more than {MAX_LOOPS} deep")
            return
        shape = self._fields.value(over, scope)
        if shape is None:
            return
        if shape.items is None:
            self._fields.refuse(loop, f"'{path_of(over)}' is {shape.kind}; a loop needs a list")
            return
        path = self._fields.canonical(over, scope)
        self._body(loop.body, scope.looping(target.name, shape.items, path))
        self._body(loop.else_, scope.deeper())

    def _test(self, test: nodes.Node, scope: Scope) -> None:
        match test:
            case nodes.And(left=left, right=right):
                self._test(left, scope)
                self._test(right, scope.deeper(_if_true(left)))
            case nodes.Or(left=left, right=right):
                self._test(left, scope)
                self._test(right, scope.deeper(_if_false(left)))
            case nodes.Not(node=inner):
                self._test(inner, scope)
            case nodes.Compare(expr=left, ops=[nodes.Operand(op=str(op), expr=right)]):
                self._compare(left, op, right, scope)
            case nodes.Name() | nodes.Getattr():
                self._fields.value(test, scope, absent_too=True)
            case _:
                self._fields.refuse_node(test)

    def _compare(self, left: nodes.Node, op: str, right: nodes.Node, scope: Scope) -> None:
        if not isinstance(left, PATH) or not isinstance(right, nodes.Const):
            self._fields.refuse(left, 'compare a field with fixed words, e.g. part == "subject"')
            return
        alike = op in {"eq", "ne"}
        shape = self._fields.value(left, scope, absent_too=alike)
        if shape is None:
            return
        fits = {Kind.TEXT: str, Kind.NUMBER: int}.get(shape.kind)
        if type(right.value) is not fits or not (alike or fits is int):
            self._fields.refuse(left, f"'{path_of(left)}' is {shape.kind}: not to be compared so")
        elif shape.one_of and right.value not in shape.one_of:
            hint = did_you_mean(str(right.value), shape.one_of)
            self._fields.refuse(left, f"'{path_of(left)}' is never '{right.value}'{hint}")


def _instead(shape: Shape) -> str:
    match shape.kind:
        case Kind.LIST:
            return "print its entries with a for"
        case Kind.GROUP:
            return f"print one of its fields ({', '.join(shape.fields)})"
        case Kind.YES_NO:
            return "ask for it with an if"
    return "it means nothing to a reader"


def _if_true(test: nodes.Node) -> frozenset[str]:
    """Return the fields that are there whenever the test is true."""
    match test:
        case nodes.Name() | nodes.Getattr():
            return frozenset({path_of(test)})
        case nodes.And(left=left, right=right):
            return _if_true(left) | _if_true(right)
        case nodes.Not(node=inner):
            return _if_false(inner)
        case nodes.Compare(expr=left, ops=[nodes.Operand(op="eq", expr=nodes.Const())]):
            return frozenset({path_of(left)})
    return frozenset()


def _if_false(test: nodes.Node) -> frozenset[str]:
    """Return the fields that are there whenever the test is false."""
    match test:
        case nodes.Or(left=left, right=right):
            return _if_false(left) | _if_false(right)
        case nodes.Not(node=inner):
            return _if_true(inner)
    return frozenset()
