"""Items out of DynamoDB's answers, without botocore's own parser in between.

That one walks every value of every item by the service's model, which for a page of 50 images takes three
times as long as everything else together. What it would do for our items is little: JSON is JSON, and bytes
come in base64.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from botocore.parsers import JSONParser, ResponseParserFactory
from botocore.session import Session

Item = dict[str, Any]


class _PlainJSONParser(JSONParser):
    """Takes a JSON body as it is. A botocore that knows no such method parses as it always did."""

    def _handle_json_body(self, raw_body: bytes, shape: Any) -> Any:  # noqa: ARG002
        return json.loads(raw_body) if raw_body else {}


class _PlainFactory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return _PlainJSONParser()
        return super().create_parser(protocol_name)


def parse_plainly(session: Session) -> None:
    """Let clients of a session give the JSON of answers as it came. Before a client is made."""
    session.register_component("response_parser_factory", _PlainFactory())


def read_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """Read an item with its type tags. Numbers become int or float: nothing here is written again.

    Sets, which no item of ours has, stay lists of text: one in an attribute that is not asked for is no harm.
    """
    return {name: _value(tagged) for name, tagged in item.items()}


def _value(tagged: Mapping[str, Any]) -> Any:
    for tag, content in tagged.items():
        if tag in {"S", "BOOL"}:
            return content
        if tag == "N":
            return float(content) if "." in content or "E" in content else int(content)
        if tag == "M":
            return read_item(content)
        if tag == "L":
            return [_value(element) for element in content]
        if tag == "B":
            return b64decode(content) if isinstance(content, str) else bytes(content)
    return None if "NULL" in tagged else next(iter(tagged.values()), None)
