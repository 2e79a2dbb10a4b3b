"""What the parts of one pipeline are called, and where the command line looks that up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.faults import OperatorError

DEFAULT_STACK = "imagepipe"
STACK_VARIABLE = "IMAGEPIPE_STACK"
LOCAL_VARIABLE = "IMAGEPIPE_LOCAL"
LOCAL_DIRECTORY = Path(__file__).resolve().parent.parent / ".local"
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True)
class Names:
    """The names of one pipeline's parts, as its stack gives them out."""

    bucket: str
    table: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    topic_arn: str
    api_url: str

    @classmethod
    def of_stack(cls, stack: str, outputs: Mapping[str, str]) -> Names:
        """Read the outputs of the stack. Raise OperatorError if it is another kind of stack."""
        wanted = {field: field.title().replace("_", "") for field in cls.__dataclass_fields__}
        missing = [output for output in wanted.values() if output not in outputs]
        if missing:
            raise OperatorError(
                f"stack {stack!r} has no output {', '.join(missing)}: not (yet) an imagepipe stack; "
                "finish its deployment or name another with --stack"
            )
        return cls(**{field: outputs[output] for field, output in wanted.items()})


@dataclass(frozen=True)
class Written:
    """The pipeline that `make run` has started on this machine, and the address that it answers at."""

    names: Names
    endpoint_url: str
    region: str


def read_local(directory: Path) -> Written:
    """Read what the local environment has written down. Raise OperatorError if there is nothing to read."""
    file = directory / "outputs.json"
    try:
        written = json.loads(file.read_text())
        names = Names(**{field: str(written[field]) for field in Names.__dataclass_fields__})
        return Written(names, str(written["endpoint_url"]), str(written["region"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"no local pipeline is written down in {file}; start it with: make run"
        ) from error


def choose(stack: str | None, local: bool | None, environment: Mapping[str, str]) -> str | None:
    """Choose the stack to work on; None stands for the local environment.

    What is typed goes before IMAGEPIPE_STACK and IMAGEPIPE_LOCAL. Raise OperatorError if both are asked for.
    """
    if stack is None and local is None:
        stack = environment.get(STACK_VARIABLE) or None
        local = environment.get(LOCAL_VARIABLE, "").strip().lower() in _TRUE
    if stack and local:
        raise OperatorError("both a stack and the local environment are asked for; choose one")
    return None if local else stack or DEFAULT_STACK
