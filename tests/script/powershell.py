"""A small interpreter of the PowerShell that our own scripts are written in.

It walks the tree of tree-sitter's grammar and knows the part of the language that the scripts use,
after the language specification; anything else raises Unknown, so that a script which grows beyond
it fails its tests. Names of variables, functions and literal tables know no case; what is read out
of JSON keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cmp_to_key, lru_cache
from typing import Any

import tree_sitter
import tree_sitter_pwsh

LANGUAGE = tree_sitter.Language(tree_sitter_pwsh.language())
Node = tree_sitter.Node
Cmdlet = Callable[["Given"], Awaitable[list[Any]] | list[Any]]


class Unknown(Exception):
    """Something of the language that this interpreter does not know."""


class Thrown(Exception):
    """An error record: what `catch` finds in `$_.Exception.Message`."""


class Returned(Exception):
    def __init__(self, values: list[Any]) -> None:
        self.values = values


class Table(dict[str, Any]):
    """`@{}`: its keys know no case, and numbers are other keys than their digits."""

    def find(self, key: Any) -> Any:
        if key in self:
            return key
        if isinstance(key, str):
            return next((k for k in self if isinstance(k, str) and k.lower() == key.lower()), key)
        return key


class Exact(dict[str, Any]):
    """What ConvertFrom-Json -AsHashtable makes: keys keep their case."""

    def find(self, key: Any) -> Any:
        return key


class Row(Table):
    """An object with properties."""


@dataclass
class Given:
    """What a command was given. Names of parameters are lower case."""

    name: str
    named: dict[str, Any]
    placed: list[Any]
    piped: list[Any]
    shell: Shell
    where: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        return self.named.get(name.lower(), default)


@dataclass
class Scope:
    """One call's variables; what is not here is looked for in the one that called."""

    above: Scope | None
    names: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.above
        return None


def parse(text: str) -> tree_sitter.Tree:
    return tree_sitter.Parser(LANGUAGE).parse(text.encode())


@lru_cache(8)
def sound(text: str) -> tree_sitter.Tree:
    """The tree of a script without a fault."""
    tree = parse(text)
    assert not faults(tree), faults(tree)
    return tree


def faults(tree: tree_sitter.Tree) -> list[str]:
    """Where the grammar does not understand."""
    return [
        f"line {node.start_point[0] + 1}: {(node.text or b'')[:60]!r}"
        for node in walk(tree.root_node)
        if node.type == "ERROR" or node.is_missing
    ]


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    left = [node]
    while left:
        one = left.pop()
        yield one
        left += reversed(one.children)


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


@dataclass
class Shell:
    """Runs scripts with these cmdlets. `said` is what was written to the host."""

    cmdlets: dict[str, Cmdlet]
    functions: dict[str, Node] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    asked: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    """Cmdlets that ran, with the names of what they were given."""

    async def run(self, script: str, root: str, **parameters: Any) -> list[Any]:
        """The whole script, with `$PSScriptRoot`. Raises Thrown, Unknown."""
        tree = sound(script)
        scope = Scope(None, {"psscriptroot": root, "whatifpreference": False})
        if "WhatIf" in parameters:
            scope.names["whatifpreference"] = bool(parameters.pop("WhatIf"))
        (program,) = [node for node in tree.root_node.children if node.type == "statement_list"]
        head = next((n for n in tree.root_node.children if n.type == "param_block"), None)
        if head is not None:
            await self._bind(head, parameters, [], scope)
        try:
            return await self._statements(program, scope)
        except Returned as end:
            return end.values

    # --- statements ---

    async def _statements(self, node: Node, scope: Scope) -> list[Any]:
        out: list[Any] = []
        for child in node.named_children:
            if child.type != "comment":
                out += await self._statement(child, scope)
        return out

    async def _block(self, node: Node, scope: Scope) -> list[Any]:
        """A block in braces: no scope of its own."""
        out: list[Any] = []
        for child in node.named_children:
            if child.type == "statement_list":
                out += await self._statements(child, scope)
        return out

    async def _statement(self, node: Node, scope: Scope) -> list[Any]:
        found = getattr(self, f"_do_{node.type}", None)
        if found is None:
            raise Unknown(f"{node.type}: {text_of(node)[:80]}")
        result: list[Any] = await found(node, scope)
        return result

    async def _do_pipeline(self, node: Node, scope: Scope) -> list[Any]:
        child = node.named_children[0]
        if child.type == "assignment_expression":
            await self._assign(child, scope)
            return []
        return await self._chain(child, scope)

    async def _do_empty_statement(self, node: Node, scope: Scope) -> list[Any]:
        return []

    async def _do_function_statement(self, node: Node, scope: Scope) -> list[Any]:
        parts = {child.type: child for child in node.named_children}
        self.functions[text_of(parts["function_name"]).lower()] = parts["script_block"]
        return []

    async def _do_if_statement(self, node: Node, scope: Scope) -> list[Any]:
        condition, block = _pair(node)
        if true(await self._value(condition, scope)):
            return await self._block(block, scope)
        for child in node.named_children:
            if child.type == "elseif_clauses":
                for clause in child.named_children:
                    condition, block = _pair(clause)
                    if true(await self._value(condition, scope)):
                        return await self._block(block, scope)
            if child.type == "else_clause":
                return await self._block(child.named_children[-1], scope)
        return []

    async def _do_foreach_statement(self, node: Node, scope: Scope) -> list[Any]:
        variable, items, block = [c for c in node.named_children if c.type != "comment"][-3:]
        out: list[Any] = []
        for item in listed(await self._value(items, scope)):
            self._set(text_of(variable), item, scope)
            out += await self._block(block, scope)
        return out

    async def _do_while_statement(self, node: Node, scope: Scope) -> list[Any]:
        condition, block = [c for c in node.named_children if c.type != "comment"][-2:]
        out: list[Any] = []
        while true(await self._value(condition.named_children[0], scope)):
            out += await self._block(block, scope)
        return out

    async def _do_switch_statement(self, node: Node, scope: Scope) -> list[Any]:
        parts = {child.type: child for child in node.named_children}
        value = await self._value(parts["switch_condition"].named_children[0], scope)
        clauses = parts["switch_body"].named_children[0].named_children
        out: list[Any] = []
        matched = False
        for clause in clauses:
            condition, block = clause.named_children[0], clause.named_children[-1]
            if text_of(condition).lower() == "default":
                hit = not matched
            else:
                hit = same(await self._value(condition.named_children[0], scope), value)
            if hit:
                matched = True
                out += await self._block(block, scope)
        return out

    async def _do_try_statement(self, node: Node, scope: Scope) -> list[Any]:
        block, clauses = node.named_children[0], node.named_children[1]
        try:
            return await self._block(block, scope)
        except Thrown as thrown:
            before = scope.names.get("_")
            scope.names["_"] = Row(Exception=Row(Message=str(thrown)), thrown=thrown)
            try:
                return await self._block(clauses.named_children[0].named_children[-1], scope)
            finally:
                scope.names["_"] = before

    async def _do_flow_control_statement(self, node: Node, scope: Scope) -> list[Any]:
        word = node.children[0].type
        rest = node.named_children
        if word == "return":
            raise Returned(await self._statement(rest[-1], scope) if rest else [])
        if word == "throw":
            if rest:
                raise Thrown(string(await self._value(rest[-1], scope)))
            raise scope.get("_")["thrown"]
        raise Unknown(text_of(node))

    # --- assignment ---

    async def _assign(self, node: Node, scope: Scope) -> None:
        left, operator, right = node.named_children
        value = await self._value(right.named_children[0], scope)
        target = left.named_children[0]
        if target.type == "array_literal_expression":
            names = list(target.named_children)
            values = listed(value)
            for at, name in enumerate(names):
                last = at == len(names) - 1
                rest = unrolled(values[at:]) if last else (values[at] if at < len(values) else None)
                await self._put(name, rest, scope)
            return
        if text_of(operator) == "+=":
            value = plus(await self._value(target, scope), value)
        await self._put(target, value, scope)

    async def _put(self, target: Node, value: Any, scope: Scope) -> None:
        while target.type in ("unary_expression", "expression_with_unary_operator"):
            target = target.named_children[0]
        if target.type == "variable":
            self._set(text_of(target), value, scope)
        elif target.type == "element_access":
            held, key = target.named_children
            owner = await self._value(held, scope)
            index = await self._value(key, scope)
            owner[owner.find(index) if isinstance(owner, Table | Exact) else index] = value
        else:
            raise Unknown(f"assignment to {target.type}")

    def _set(self, name: str, value: Any, scope: Scope) -> None:
        plain = name[1:].lower()
        if plain != "null":
            scope.names[plain] = value

    # --- pipelines and commands ---

    async def _chain(self, node: Node, scope: Scope) -> list[Any]:
        if node.type != "pipeline_chain":
            return poured(await self._value(node, scope))
        piped: list[Any] = []
        parts = [child for child in node.named_children if child.type != "comment"]
        for at, part in enumerate(parts):
            if part.type == "command":
                piped = await self._command(part, piped, scope)
            else:
                assert at == 0, text_of(node)
                piped = poured(await self._value(part, scope))
        return piped

    async def _command(self, node: Node, piped: list[Any], scope: Scope) -> list[Any]:
        name = text_of(node.named_children[0])
        named, placed = await self._arguments(node, scope)
        function = self.functions.get(name.lower())
        if function is not None:
            return await self._call(function, named, placed, scope)
        cmdlet = self.cmdlets.get(name.lower())
        if cmdlet is None:
            raise Unknown(f"command {name}")
        self.asked.append((name, frozenset(named)))
        found = cmdlet(Given(name, named, placed, piped, self))
        return found if isinstance(found, list) else await found

    async def _arguments(self, node: Node, scope: Scope) -> tuple[dict[str, Any], list[Any]]:
        named: dict[str, Any] = {}
        placed: list[Any] = []
        waiting = ""
        for elements in node.named_children[1:]:
            for child in elements.named_children:
                if child.type == "command_argument_sep":
                    continue
                if child.type == "command_parameter":
                    if waiting:
                        named[waiting] = True
                    waiting = text_of(child)[1:].lower()
                    continue
                if text_of(child).startswith("@") and text_of(child)[1:].isidentifier():
                    for key, value in (scope.get(text_of(child)[1:].lower()) or {}).items():
                        named[key.lower()] = value
                    continue
                value = await self._argument(child, scope)
                if waiting:
                    named[waiting], waiting = value, ""
                else:
                    placed.append(value)
        if waiting:
            named[waiting] = True
        return named, placed

    async def _argument(self, node: Node, scope: Scope) -> Any:
        return text_of(node) if node.type == "generic_token" else await self._value(node, scope)

    async def _call(
        self, function: Node, named: dict[str, Any], placed: list[Any], scope: Scope
    ) -> list[Any]:
        inner = Scope(scope)
        body = None
        for child in function.named_children:
            if child.type == "param_block":
                await self._bind(child, named, placed, inner)
            elif child.type == "script_block_body":
                body = child.named_children[0]
        if body is None:
            return []
        try:
            return await self._statements(body, inner)
        except Returned as end:
            return end.values

    async def _bind(
        self, block: Node, named: dict[str, Any], placed: list[Any], scope: Scope
    ) -> None:
        given = {name.lower(): value for name, value in named.items()}
        left = list(placed)
        (parameters,) = [c for c in block.named_children if c.type == "parameter_list"]
        for parameter in parameters.named_children:
            if parameter.type != "script_parameter":
                continue
            parts = {child.type: child for child in parameter.named_children}
            name = text_of(parts["variable"])[1:].lower()
            types = re.findall(r"^\[(\w+(?:\[\])?)\]", text_of(parameter), re.MULTILINE)
            kind = types[-1].lower() if types else ""
            if name in given:
                value = given.pop(name)
            elif left and kind != "switch":
                value = left.pop(0)
            elif "script_parameter_default" in parts:
                default = parts["script_parameter_default"].named_children[-1]
                value = await self._value(default, scope)
            else:
                value = {"int": 0, "string": "", "switch": False}.get(kind)
            scope.names[name] = cast(kind, value) if kind else value
        if given or left:
            raise Thrown(f"a parameter cannot be found: {', '.join(given) or left}")

    # --- expressions ---

    async def _value(self, node: Node, scope: Scope) -> Any:
        found = getattr(self, f"_is_{node.type}", None)
        if found is None:
            raise Unknown(f"{node.type}: {text_of(node)[:80]}")
        return await found(node, scope)

    async def _only(self, node: Node, scope: Scope) -> Any:
        (child,) = [c for c in node.named_children if c.type != "comment"]
        return await self._value(child, scope)

    _is_unary_expression = _only
    _is_integer_literal = _only
    _is_key_expression = _only

    async def _is_pipeline(self, node: Node, scope: Scope) -> Any:
        return unrolled(await self._do_pipeline(node, scope))

    async def _is_pipeline_chain(self, node: Node, scope: Scope) -> Any:
        (first, *more) = [c for c in node.named_children if c.type != "comment"]
        if first.type != "command" and not more:
            return await self._value(first, scope)
        return unrolled(await self._chain(node, scope))

    async def _is_parenthesized_expression(self, node: Node, scope: Scope) -> Any:
        (inside,) = node.named_children
        child = inside.named_children[0]
        if child.type == "assignment_expression":
            raise Unknown(text_of(node))
        return await self._value(child, scope)

    async def _is_sub_expression(self, node: Node, scope: Scope) -> Any:
        return unrolled(await self._statements(node.named_children[0], scope))

    async def _is_array_expression(self, node: Node, scope: Scope) -> Any:
        if not node.named_children:
            return []
        return await self._statements(node.named_children[0], scope)

    async def _is_array_literal_expression(self, node: Node, scope: Scope) -> Any:
        return [await self._value(child, scope) for child in node.named_children]

    async def _is_hash_literal_expression(self, node: Node, scope: Scope) -> Any:
        found = Table()
        for body in node.named_children:
            for entry in body.named_children:
                if entry.type != "hash_entry":
                    continue
                key, value = [c for c in entry.named_children if c.type != "comment"]
                name = key.named_children[0]
                called = (
                    text_of(name)
                    if name.type == "simple_name"
                    else string(await self._value(name, scope))
                )
                found[called] = await self._value(value, scope)
        return found

    async def _is_variable(self, node: Node, scope: Scope) -> Any:
        name = text_of(node)[1:].strip("{}").lower()
        return {"true": True, "false": False, "null": None}.get(name, scope.get(name))

    async def _is_decimal_integer_literal(self, node: Node, scope: Scope) -> Any:
        return int(text_of(node))

    async def _is_string_literal(self, node: Node, scope: Scope) -> Any:
        inner = node.named_children[0]
        text = text_of(inner)
        if inner.type == "verbatim_string_characters":
            quotes = "'\u2018\u2019\u201a\u201b"
            return re.sub(f"([{quotes}])[{quotes}]", r"\1", text[1:-1])
        if inner.type == "verbatim_here_string_characters":
            return text[text.index("\n") + 1 : text.rindex("\n")]
        if inner.type != "expandable_string_literal":
            raise Unknown(inner.type)
        return await self._expanded(inner, scope)

    async def _expanded(self, node: Node, scope: Scope) -> str:
        """Children are what is expanded; between them stands plain text."""
        octets, at, out = node.text or b"", 1, ""
        for child in node.named_children:
            begin, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
            out += _plain(octets[at:begin]) + string(await self._value(child, scope))
            at = end
        return out + _plain(octets[at:-1])

    async def _is_element_access(self, node: Node, scope: Scope) -> Any:
        owner = await self._value(node.named_children[0], scope)
        key = await self._value(node.named_children[1], scope)
        if isinstance(owner, Table | Exact):
            return owner.get(owner.find(key))
        if isinstance(owner, list | str):
            return owner[key] if -len(owner) <= key < len(owner) else None
        if owner is None:
            raise Thrown("Cannot index into a null array.")
        return owner if key in (0, -1) else None

    async def _is_member_access(self, node: Node, scope: Scope) -> Any:
        owner = await self._value(node.named_children[0], scope)
        name = await self._member_name(node.named_children[1], scope)
        return member(owner, name)

    async def _member_name(self, node: Node, scope: Scope) -> str:
        inner = node.named_children[0]
        return (
            text_of(inner)
            if inner.type == "simple_name"
            else string(await self._value(inner, scope))
        )

    async def _is_invocation_expression(self, node: Node, scope: Scope) -> Any:
        owner = await self._value(node.named_children[0], scope)
        name = (await self._member_name(node.named_children[1], scope)).lower()
        given = [
            await self._value(argument.named_children[0], scope)
            for argument in walk(node.named_children[2])
            if argument.type == "argument_expression"
        ]
        return invoke(owner, name, given)

    async def _is_cast_expression(self, node: Node, scope: Scope) -> Any:
        kind, inner = node.named_children
        return cast(text_of(kind)[1:-1].lower(), await self._value(inner, scope))

    async def _is_expression_with_unary_operator(self, node: Node, scope: Scope) -> Any:
        first = node.children[0]
        if first.type == "cast_expression":
            return await self._value(first, scope)
        value = await self._value(node.named_children[-1], scope)
        match text_of(first).lower():
            case "-not" | "!":
                return not true(value)
            case ",":
                return [value]
        raise Unknown(text_of(node))

    async def _is_logical_expression(self, node: Node, scope: Scope) -> Any:
        left, right = node.named_children
        word = next(text_of(c).lower() for c in node.children if not c.is_named)
        first = true(await self._value(left, scope))
        if word == "-and":
            return first and true(await self._value(right, scope))
        assert word == "-or", word
        return first or true(await self._value(right, scope))

    async def _is_comparison_expression(self, node: Node, scope: Scope) -> Any:
        left, operator, right = node.named_children
        word = text_of(operator).lower()
        if word in ("-is", "-isnot"):
            kind = text_of(right).strip("[]").lower()
            return of_kind(await self._value(left, scope), kind) == (word == "-is")
        first, second = await self._value(left, scope), await self._value(right, scope)
        return compare(word, first, second, scope)

    async def _is_type_literal(self, node: Node, scope: Scope) -> Any:
        return text_of(node)

    async def _is_additive_expression(self, node: Node, scope: Scope) -> Any:
        first, second = [await self._value(child, scope) for child in node.named_children]
        assert any(text_of(c) == "+" for c in node.children), text_of(node)
        return plus(first, second)

    async def _is_multiplicative_expression(self, node: Node, scope: Scope) -> Any:
        first, second = [await self._value(child, scope) for child in node.named_children]
        word = next(text_of(c) for c in node.children if not c.is_named)
        return first * second if word == "*" else first % second

    async def _is_range_expression(self, node: Node, scope: Scope) -> Any:
        first, last = [await self._value(child, scope) for child in node.named_children]
        step = 1 if first <= last else -1
        return list(range(first, last + step, step))

    async def _is_format_expression(self, node: Node, scope: Scope) -> Any:
        form = await self._value(node.named_children[0], scope)
        values = listed(await self._value(node.named_children[-1], scope))

        def one(found: re.Match[str]) -> str:
            text, width = string(values[int(found[1])]), int(found[2] or 0)
            return text.ljust(-width) if width < 0 else text.rjust(width)

        return re.sub(r"\{(\d+)(?:,(-?\d+))?\}", one, form)


def _plain(octets: bytes) -> str:
    """What stands between expansions, its escapes of signs undone."""
    return re.sub(r"`([`$\"])", r"\1", octets.decode())


def _pair(node: Node) -> tuple[Node, Node]:
    condition = next(c for c in node.named_children if c.type == "pipeline")
    return condition, next(c for c in node.named_children if c.type == "statement_block")


# --- values ---


def true(value: Any) -> bool:
    """Language specification 6.2: an empty table is true, a list of one is as its element."""
    if isinstance(value, list):
        return true(value[0]) if len(value) == 1 else bool(value)
    return True if isinstance(value, dict) else bool(value)


def listed(value: Any) -> list[Any]:
    """What a loop goes through."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def poured(value: Any) -> list[Any]:
    """A value on its way down a pipeline: lists are gone through, one layer of them."""
    return list(value) if isinstance(value, list) else [value]


def unrolled(values: list[Any]) -> Any:
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(string, value))
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, Table | Exact):
        return "System.Collections.Hashtable"
    return str(value)


def cast(kind: str, value: Any) -> Any:
    match kind:
        case "string":
            return string(value)
        case "int":
            return int(value or 0)
        case "bool" | "switch":
            return true(value)
        case "datetime":
            return datetime.fromisoformat(string(value))
        case "string[]":
            return [string(one) for one in listed(value)]
        case "pscustomobject":
            return Row(value)
    raise Unknown(f"[{kind}]")


def of_kind(value: Any, kind: str) -> bool:
    match kind:
        case "bool":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "system.collections.idictionary":
            return isinstance(value, Table | Exact) and not isinstance(value, Row)
        case "system.collections.ilist":
            return isinstance(value, list)
    raise Unknown(f"-is [{kind}]")


def member(owner: Any, name: str) -> Any:
    if isinstance(owner, Table | Exact):
        key = owner.find(name) if isinstance(owner, Exact) else Table.find(owner, name)
        if key in owner:
            return owner[key]
        if not isinstance(owner, Row):
            match name.lower():
                case "keys":
                    return list(owner)
                case "count":
                    return len(owner)
        return None
    if name.lower() in ("count", "length"):
        return 0 if owner is None else len(owner) if isinstance(owner, list | str) else 1
    if isinstance(owner, list):
        return unrolled([member(one, name) for one in owner])
    if owner is None:
        return None
    raise Unknown(f".{name} of {type(owner).__name__}")


def invoke(owner: Any, name: str, given: list[Any]) -> Any:
    if isinstance(owner, Table | Exact) and name == "containskey":
        return owner.find(given[0]) in owner
    if isinstance(owner, Table | Exact) and name == "remove":
        owner.pop(owner.find(given[0]), None)
        return []  # void
    if isinstance(owner, str):
        match name:
            case "tolowerinvariant":
                return owner.lower()
            case "trim":
                return owner.strip(*given)
    if isinstance(owner, datetime) and name == "addhours":
        return owner + timedelta(hours=given[0])
    raise Unknown(f"{type(owner).__name__}.{name}()")


def plus(left: Any, right: Any) -> Any:
    if isinstance(left, list):
        return [*left, *(right if isinstance(right, list) else [right])]
    if isinstance(left, str):
        return left + string(right)
    if left is None:
        return right
    return left + right


def same(left: Any, right: Any, *, case: bool = False) -> bool:
    """Language specification 7.8.1: the right side takes the left one's type."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool):
        return left == true(right)
    if isinstance(left, int) and not isinstance(right, int):
        return str(left) == string(right)
    if isinstance(left, str):
        other = string(right)
        return left == other if case else left.lower() == other.lower()
    return bool(left == right)


def compare(word: str, left: Any, right: Any, scope: Scope) -> Any:
    plain = word.removeprefix("-")
    match plain:
        case "eq" | "ceq":
            return same(left, right, case=plain == "ceq")
        case "ne" | "cne":
            return not same(left, right, case=plain == "cne")
        case "gt":
            return left > right
        case "ge":
            return left >= right
        case "contains":
            return any(same(one, right) for one in listed(left))
        case "in":
            return any(same(one, left) for one in listed(right))
        case "join":
            return string(right).join(map(string, listed(left)))
        case "split":
            sign, most = (right[0], right[1] - 1) if isinstance(right, list) else (right, 0)
            return re.split(sign, string(left), maxsplit=most)
        case "replace":
            return re.sub(right[0], right[1], string(left), flags=re.IGNORECASE)
        case "notlike" | "like":
            form = re.escape(right).replace(r"\*", ".*")
            hit = re.fullmatch(form, string(left), re.IGNORECASE | re.DOTALL) is not None
            return hit == (plain == "like")
        case "match" | "notmatch":
            found = re.search(right, string(left), re.IGNORECASE)
            if found is not None:
                groups = {0: found[0]} | dict(enumerate(found.groups(), 1))
                scope.names["matches"] = Numbered(groups)
            return (found is not None) == (plain == "match")
    raise Unknown(word)


class Numbered(Table):
    """$Matches."""


def in_order(values: list[Any]) -> list[Any]:
    """Sort-Object -CaseSensitive: letters by the alphabet, then small before large."""

    def cmp(left: Any, right: Any) -> int:
        one, other = string(left), string(right)
        first = (one.lower() > other.lower()) - (one.lower() < other.lower())
        return first or (one < other) - (one > other)

    return sorted(values, key=cmp_to_key(cmp))
