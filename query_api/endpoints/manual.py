"""What can be asked, for programs as OpenAPI 3.1 and for people as one page without scripts.

https://spec.openapis.org/oas/v3.1.1.html
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from re import sub
from typing import Any

from query_api.endpoints.schemas import COMPONENTS, Json
from query_api.http.parameters import Parameter
from query_api.http.routing import Endpoint

VERSION = "1"
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSALS = {
    400: "The question cannot be read; `faults` names every parameter at fault.",
    500: "A configuration error, or a defect of ours.",
    503: "No answer at the moment; `retry-after` says when to ask again.",
}


def openapi(endpoints: Iterable[Endpoint]) -> Json:
    described: dict[str, Json] = {}
    for endpoint in endpoints:
        path = described.setdefault(_path(endpoint), {})
        path[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "imagepipe",
            "version": VERSION,
            "description": "What is in the photos. Unknown parameters are refused.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Relative to this document, wherever it is.
        "servers": [{"url": "."}],
        "paths": described,
        "components": {"schemas": COMPONENTS},
    }


def _operation(endpoint: Endpoint) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [
            *(_parameter(each, "path") for each in endpoint.path_parameters),
            *(_parameter(each, "query") for each in endpoint.parameters),
        ],
        "responses": _responses(endpoint),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body_schema(endpoint.body)}},
        }
    return operation


def _body_schema(properties: Iterable[Parameter]) -> Json:
    known = list(properties)
    return {
        "type": "object",
        "properties": {each.name: {**each.schema, "description": each.description} for each in known},
        "required": [each.name for each in known if each.required],
        "additionalProperties": False,
    }


def _parameter(parameter: Parameter, place: str) -> Json:
    described: Json = {
        "name": parameter.name,
        "in": place,
        "required": place == "path" or parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example if parameter.most == 1 else [parameter.example]
    return described


def _responses(endpoint: Endpoint) -> Json:
    content = {endpoint.content_type: {"schema": endpoint.schema or {"type": "string"}}}
    if endpoint.also_as:
        content[endpoint.also_as] = {"schema": {"type": "string"}}
    refusals = {**({} if endpoint.is_static else REFUSALS), **endpoint.refusals}
    return {
        str(endpoint.status): {"description": endpoint.summary, "content": content},
        **{str(status): {"description": why, "content": PROBLEM} for status, why in sorted(refusals.items())},
    }


def _path(endpoint: Endpoint) -> str:
    """Write a path as OpenAPI does, which knows no greedy variable."""
    return endpoint.path.replace("+}", "}")


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
    types = " or ".join(each for each in (endpoint.content_type, endpoint.also_as) if each)
    return f"<h3>Answer: {endpoint.status}, {escape(types)}</h3>{table}"


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
    kind = _resolved(schema)["type"]
    if kind == "array":
        return f"list of {', '.join(_properties(schema['items'])) or _kind(schema['items'])}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def _text(text: str) -> str:
    """Escape, and show as code what stands between backticks."""
    return sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))
