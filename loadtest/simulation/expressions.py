"""DynamoDB's condition and update expressions, compiled once: moto's parser would take half of a run.

Only what is in use here; anything else raises ValueError. The tests hold it to moto's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Wire = dict[str, Any]
Condition = Callable[[Wire, Wire], bool]
Update = Callable[[Wire, Wire], Wire]

_TOKEN = re.compile(r"\s*(<=|>=|<>|=|<|>|\(|\)|,|\+|-|[:#]?\w+)")
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "(": "(", ")": ")"}
_COMPARED = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CLAUSES = ("SET", "REMOVE", "ADD")

Names = tuple[tuple[str, str], ...]


@cache
def condition(text: str, names: Names = ()) -> Condition:
    """Compile a condition to a function of the item (empty, if there is none) and the values."""
    tokens, code = _Tokens(text, dict(names)), list[str]()
    while token := tokens.next():
        if token.upper() in _WORDS:
            code.append(_WORDS[token.upper()])
        elif token in ("attribute_exists", "attribute_not_exists"):
            tokens.expect("(")
            code.append(f"({tokens.path()!r} {'in' if token == 'attribute_exists' else 'not in'} item)")
            tokens.expect(")")
        else:
            left, sign = tokens.operand(token), _COMPARED[tokens.next()]
            code.append(f"compared({left}, {sign!r}, {tokens.operand(tokens.next())})")
    made: Condition = eval(f"lambda item, values: bool({' '.join(code)})", _SEEN_BY_CODE)
    return made


@cache
def update(text: str, names: Names = ()) -> Update:
    """Compile an update to a function of the item and the values that gives the new item."""
    tokens, steps, clause = _Tokens(text, dict(names)), list[str](), ""
    while token := tokens.next():
        if token.upper() in _CLAUSES:
            clause = token.upper()
        elif clause == "REMOVE":
            steps.append(f"new.pop({tokens.named(token)!r}, None)")
        elif clause == "ADD":
            at, by = tokens.named(token), tokens.operand(tokens.next())
            steps.append(f"put(new, {at!r}, added(item.get({at!r}) or {{'N': '0'}}, 1, {by}))")
        elif clause == "SET":
            tokens.expect("=")
            steps.append(f"put(new, {tokens.named(token)!r}, {_term(tokens)})")
        else:
            raise ValueError(f"no clause before {token!r} in {text!r}")
        if tokens.peek() == ",":
            tokens.next()
    code = f"lambda item, values: (new := dict(item), {', '.join(steps)})[0]"
    made: Update = eval(code, _SEEN_BY_CODE)
    return made


class _Tokens:
    """The words of an expression, from left to right; the empty word is the end."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._words: list[str] = _TOKEN.findall(text)
        if "".join(self._words) != "".join(text.split()):
            raise ValueError(f"not understood: {text!r}")
        self._names = names

    def peek(self) -> str:
        return self._words[0] if self._words else ""

    def next(self) -> str:
        return self._words.pop(0) if self._words else ""

    def expect(self, word: str) -> None:
        if (found := self.next()) != word:
            raise ValueError(f"expected {word!r}, found {found!r}")

    def path(self) -> str:
        return self.named(self.next())

    def named(self, word: str) -> str:
        return self._names[word] if word.startswith("#") else word

    def operand(self, word: str) -> str:
        if word == "if_not_exists":
            self.expect("(")
            at = self.path()
            self.expect(",")
            code = f"(item.get({at!r}) or {self.operand(self.next())})"
            self.expect(")")
            return code
        return f"values[{word!r}]" if word.startswith(":") else f"item.get({self.named(word)!r})"


def _term(tokens: _Tokens) -> str:
    left = tokens.operand(tokens.next())
    if tokens.peek() in ("+", "-"):
        sign = 1 if tokens.next() == "+" else -1
        return f"added({left}, {sign}, {tokens.operand(tokens.next())})"
    return left


def _compared(left: Wire | None, sign: str, right: Wire | None) -> bool:
    """Compare as DynamoDB does: what is not there, or of another type, is neither less nor more."""
    if left is None or right is None or left.keys() != right.keys():
        return sign == "!="
    ((tag, one),) = left.items()
    ((_, other),) = right.items()
    if tag == "N":
        one, other = Decimal(one), Decimal(other)
    return bool(_ORDER[sign](one, other))


def _added(left: Wire, sign: int, right: Wire) -> Wire:
    return {"N": str(Decimal(left["N"]) + sign * Decimal(right["N"]))}


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_SEEN_BY_CODE = {"compared": _compared, "added": _added, "put": dict.__setitem__, "bool": bool, "dict": dict}
