"""IAM on one machine: MiniStack's `AUTH=true`, made to know what AWS knows, and a record of what was asked.

It is on where the place was started with `IMAGEPIPE_ENFORCE_IAM=yes`. Then each function has credentials
of its own role, and what the synthesized policies do not allow is refused here as it is there: a call
without its permission fails on the laptop, not in the account. Whoever uses the environment's own credentials
(`test`) may do everything, as the owner of an account may.

`CALLS_FILE` names a file of JSON lines: each call of a role that was not seen before, and whether it was
allowed. tests/end_to_end/test_permissions.py holds it against the template. The local Rekognition is another
service and asks for no permission; what it was asked is in its own counts.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from contract.items import PARTITION_KEY

CALLS_FILE = "IMAGEPIPE_CALLS_FILE"
# Set to anything where a place is started, it has the place enforce IAM.
ENFORCE = "IMAGEPIPE_ENFORCE_IAM"
LEADING_KEYS = "dynamodb:LeadingKeys"
# A batch is allowed by the action of its entries.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
_BATCHES = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
_SESSION = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.*", re.S)
_OBJECT = re.compile(r"(arn:aws:s3:::[^/]+/).*", re.S)
# PartiQL is no action of IAM: each statement is allowed by what it does.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
_PARTIQL = ("dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement")
_STATEMENT = re.compile(r"\s*(?P<verb>INSERT|UPDATE|DELETE|SELECT)\b.*?\"(?P<table>[^\"]+)\"", re.I | re.S)


class RequestedAction(NamedTuple):
    """What a function asked for: an action of IAM on a resource. Of an object, the bucket is named alone."""

    function: str
    action: str
    resource: str
    is_allowed: bool


def recorded_calls(path: Path) -> set[RequestedAction]:
    """Read what was written down, none where nothing was."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {RequestedAction(**json.loads(line)) for line in lines}


def mend_permissions() -> None:
    """Have MiniStack's IAM, in this process, decide as AWS does where our functions need it."""
    _take_loopback_for_tls()
    _match_any_character()
    _tell_roles_of_sessions()
    _know_batches()
    _know_leading_keys()
    _know_items()
    if path := os.environ.get(CALLS_FILE):
        _write_down(Path(path))


def leading_keys(request: Mapping[str, Any]) -> list[str]:
    """Return the partition keys that a request of DynamoDB names, whatever kind it is.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    found = {key for at in _places(request) if (key := at.get(PARTITION_KEY, {}).get("S"))}
    condition = request.get("KeyConditionExpression", "")
    names = request.get("ExpressionAttributeNames", {})
    values = request.get("ExpressionAttributeValues", {})
    for name, value in re.findall(r"(\S+)\s*=\s*(:\w+)", condition):
        if names.get(name, name).strip("()") == PARTITION_KEY and value in values:
            found.add(values[value]["S"])
    return sorted(found)


def _places(request: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for name in ("ConditionCheck", "Delete", "Get", "Put", "Update"):
        if name in request:
            yield from _places(request[name])
    for of_table in request.get("RequestItems", {}).values():
        if isinstance(of_table, Mapping):
            yield from of_table.get("Keys", ())
        else:
            for write in of_table:
                for one in write.values():
                    yield from _places(one)
    yield from (request[name] for name in ("Key", "Item") if name in request)


def statement_actions(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what PartiQL statements need: an action and the name of a table for each."""
    statements = request.get("Statements", [request])
    found = [_STATEMENT.match(each["Statement"]) for each in statements]
    return [(f"dynamodb:PartiQL{each['verb'].capitalize()}", each["table"]) for each in found if each]


def _take_loopback_for_tls() -> None:
    """There is no TLS on loopback, and every policy of the stack denies what comes without."""
    from ministack import app  # type: ignore[import-untyped]

    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _is_tls: pin(address, True)


def _match_any_character() -> None:
    """Have a star of a policy match line feeds too, which keys may hold: MiniStack's ends before one."""
    from ministack.core import iam_evaluator  # type: ignore[import-untyped]

    compile_pattern = iam_evaluator._fnmatch_compile

    def compile_for_all(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        found = compile_pattern(pattern, ignore_case)
        return re.compile(found.pattern, found.flags | re.S)

    iam_evaluator._fnmatch_compile = compile_for_all


def role_of_session(arn: str) -> str:
    """Return what `aws:PrincipalArn` says of a caller: of a session the role, of anybody else who it is.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    return _SESSION.sub(r"arn:\1:iam::\2:role/\3", arn)


def _tell_roles_of_sessions() -> None:
    """Have policies that except a role, as the one on blocked photos does, except its sessions too."""
    from ministack.core import iam_evaluator

    resolve = iam_evaluator._resolve_condition_key

    def resolve_to_role(key: str, context: Any) -> Any:
        found = resolve(key, context)
        return role_of_session(found) if key.lower() == "aws:principalarn" and found else found

    iam_evaluator._resolve_condition_key = resolve_to_role


def _know_batches() -> None:
    from ministack.core import iam_actions

    name = iam_actions.extract_iam_action

    def name_of_one(*arguments: Any) -> str | None:
        action: str | None = name(*arguments)
        return _BATCHES.get(action, action) if action else None

    iam_actions.extract_iam_action = name_of_one


def _know_leading_keys() -> None:
    from ministack.core import iam_actions

    context = iam_actions.dynamodb_service_context

    def with_keys(body: bytes) -> dict[str, Any]:
        keys = leading_keys(_read(body))
        return {**context(body), **({LEADING_KEYS: keys} if keys else {})}

    iam_actions.dynamodb_service_context = with_keys


class _TableOfItem(str):
    """The ARN of a table for one write of a transaction, which is allowed by the key of that item alone."""

    keys: list[str]

    @classmethod
    def of(cls, arn: str, keys: list[str]) -> Self:
        made = cls(arn)
        made.keys = keys
        return made


def _know_items() -> None:
    """Have each item of a transaction, and each statement of PartiQL, checked by itself."""
    from ministack.core import iam_actions, iam_evaluator

    checks, decide = iam_actions.dynamodb_transaction_checks, iam_evaluator.enforce

    def of_each_item(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        request = _read(body)
        if action in _PARTIQL:
            arn = f"arn:aws:dynamodb:{region}:{account}:table/"
            return [(each, f"{arn}{table}") for each, table in statement_actions(request)]
        if "TransactItems" not in request:
            return []
        return [
            (item_action, _TableOfItem.of(arn, leading_keys(item)))
            for item in request["TransactItems"]
            for one in [json.dumps({"TransactItems": [item]}).encode()]
            for item_action, arn in checks(action, one, region, account)
        ]

    def decide_by_item(*arguments: Any, **named: Any) -> Any:
        if isinstance(table := named.get("resource_arn"), _TableOfItem):
            named["service_context"] = {**named.get("service_context", {}), LEADING_KEYS: table.keys}
        return decide(*arguments, **named)

    iam_actions.dynamodb_transaction_checks = of_each_item
    iam_evaluator.enforce = decide_by_item


def _write_down(path: Path) -> None:
    """Append each new call to the file: which function, which action, on what, and whether it was allowed."""
    from ministack.core import iam_evaluator

    decide = iam_evaluator.enforce
    seen: set[RequestedAction] = set()

    def decide_and_tell(access_key_id: str, iam_action: str, *arguments: Any, **named: Any) -> Any:
        refusal = decide(access_key_id, iam_action, *arguments, **named)
        if not iam_evaluator.is_root_access_key(access_key_id):
            caller = (iam_evaluator.resolve_caller_identity(access_key_id) or {}).get("userArn", "")
            resource = _OBJECT.sub(r"\1*", str(named.get("resource_arn", "*")))
            call = RequestedAction(caller.rpartition("/")[2], iam_action, resource, refusal is None)
            if call not in seen:
                seen.add(call)
                with path.open("a") as calls:
                    calls.write(json.dumps(call._asdict()) + "\n")
        return refusal

    iam_evaluator.enforce = decide_and_tell


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
