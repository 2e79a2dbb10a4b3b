"""openapi.json: the endpoints as OpenAPI 3.1 describes them. https://spec.openapis.org/oas/v3.1.1.html"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from query_api.endpoints import schemas
from query_api.http.param_types import Parameter
from query_api.http.routing import Endpoint

Json = dict[str, Any]

VERSION = "1"
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSALS = {
    400: "The question cannot be read; `faults` names every parameter at fault.",
    500: "A configuration error, or a defect of ours.",
    503: "No answer at the moment; `retry-after` says when to ask again.",
}


def document(endpoints: Iterable[Endpoint]) -> Json:
    """Describe all endpoints."""
    described: dict[str, Json] = {}
    for endpoint in endpoints:
        path = described.setdefault(endpoint.path.replace("+}", "}"), {})
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
        "components": {"schemas": schemas.COMPONENTS},
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
            "content": {"application/json": {"schema": body_schema(endpoint.body)}},
        }
    return operation


def body_schema(properties: Iterable[Parameter]) -> Json:
    """Describe a JSON body."""
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
    refusals = {**({} if endpoint.is_static else REFUSALS), **endpoint.refusals}
    return {
        str(endpoint.status): {"description": endpoint.summary, "content": content},
        **{str(status): {"description": why, "content": PROBLEM} for status, why in sorted(refusals.items())},
    }
