"""The manual as one page of HTML: no scripts, nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from re import sub
from typing import Any

from query_api.endpoints.schemas import COMPONENTS
from query_api.http.param_types import Parameter
from query_api.http.routing import Endpoint

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-top: 1px solid #8886; padding-top: 1rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; }
tr { border-bottom: 1px solid #8883; }
code { background: #8882; padding: .1em .3em; border-radius: .2em; }
"""
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
}


def page(endpoints: Iterable[Endpoint]) -> str:
    """Write the manual."""
    known = list(endpoints)
    contents = "".join(
        f'<li><a href="#{escape(each.name)}">{escape(each.method)} {escape(_path(each))}</a> '
        f"{escape(each.summary)}</li>"
        for each in known
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>imagepipe: what can be asked</title><style>{STYLE}</style></head><body>"
        "<h1>What can be asked</h1><p>Times are ISO 8601 in UTC, confidences percent from 0 to 100. Unknown "
        'parameters are refused. For programs: <a href="openapi.json">openapi.json</a>.</p>'
        f"<ul>{contents}</ul>{''.join(map(_section, known))}</body></html>"
    )


def _section(endpoint: Endpoint) -> str:
    parts = [
        f'<h2 id="{escape(endpoint.name)}">{escape(endpoint.method)} {escape(_path(endpoint))}</h2>',
        f"<p>{_text(endpoint.summary)}. {_text(endpoint.description)}</p>",
        _parameters("In the path", endpoint.path_parameters),
        _parameters("Parameters", endpoint.parameters),
        _parameters("Properties of the JSON body", endpoint.body),
        _answer(endpoint),
    ]
    return "".join(parts)


def _parameters(title: str, parameters: Iterable[Parameter]) -> str:
    rows = [
        f"<tr><td><code>{escape(each.name)}</code></td><td>{_text(each.description)}</td>"
        f"<td>{escape(_values(each))}</td></tr>"
        for each in parameters
    ]
    return f"<h3>{escape(title)}</h3><table>{''.join(rows)}</table>" if rows else ""


def _values(parameter: Parameter) -> str:
    schema = parameter.kind.schema
    said = " or ".join(schema["enum"]) if "enum" in schema else str(schema["type"])
    if "minimum" in schema:
        said += f" from {schema['minimum']:,} to {schema['maximum']:,}"
    if parameter.most > 1:
        said += f", up to {parameter.most} times"
    if parameter.default is not None:
        said += f"; {str(parameter.default).lower()} if not given"
    return said


def _answer(endpoint: Endpoint) -> str:
    rows = [
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_kind(schema))}</td>"
        f"<td>{_text(_resolved(schema).get('description', ''))}</td></tr>"
        for name, schema in _properties(endpoint.schema).items()
    ]
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    return f"<h3>Answer: {endpoint.status}, {escape(endpoint.content_type)}</h3>{table}"


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    first = _resolved(next(iter(schema.get("anyOf", ())), schema))
    found: Mapping[str, Any] = first.get("properties", {})
    return found


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return schema if reference is None else COMPONENTS[reference.rpartition("/")[2]]


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    kind = _resolved(schema).get("type", "")
    if kind == "array":
        return f"list of {', '.join(_properties(schema['items'])) or _kind(schema['items'])}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def _path(endpoint: Endpoint) -> str:
    return endpoint.path.replace("+}", "}")


def _text(text: str) -> str:
    """Escape, and show as code what stands between backticks."""
    return sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))
