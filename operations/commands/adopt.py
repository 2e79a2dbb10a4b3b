"""`imagepipe adopt`: a bucket and a table that were kept become those of a new stack."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from contract.items import PARTITION_KEY, SORT_KEY
from operations import terminal
from operations.adapters.cloudformation import KeptData, Stacks
from operations.adapters.existing_bucket import NoBucket
from operations.adopting import Adoption, adoption
from operations.commands import options
from operations.wiring import connect_account, connect_stacks, stack_on_aws

TEMPLATE = Path("cdk.out") / "imagepipe.template.json"
OUR_KEYS = {"HASH": PARTITION_KEY, "RANGE": SORT_KEY}


def adopt(
    *,
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket of photos that was kept.")],
    table: Annotated[str, typer.Option("--table", help="The table that was kept.")],
    renditions: Annotated[
        str, typer.Option("--renditions", help="The bucket of renditions that was kept, if there is one.")
    ] = "",
    template: Annotated[
        Path,
        typer.Option("--template", help="The template that is deployed afterwards, as make synth writes it."),
    ] = TEMPLATE,
    stack: options.Stack = None,
    yes: options.Yes = False,
) -> None:
    """Make a new stack of a bucket and a table that an earlier one kept; then `make deploy` completes it."""
    name = stack_on_aws(stack)
    there = {"Bucket": bucket, "Table": table} | ({"RenditionsBucket": renditions} if renditions else {})
    adopted = adoption(_read(template), there)
    files = _write(adopted, template.parent)
    terminal.require_consent_possible(yes, "adopt")
    stacks, data = connect_stacks()
    require_adoptable(name, [bucket, *([renditions] if renditions else [])], table, stacks, data)
    terminal.remark(f"What CloudFormation is given: {files}")
    question = f"Make the stack {name} of {', '.join(there.values())}? Nothing in them is changed."
    if not terminal.consents(yes, question, "nothing was made"):
        raise typer.Exit(1)
    with terminal.stepwise("adopting") as display:
        stopped = f"CloudFormation goes on; see: aws cloudformation describe-stacks --stack-name {name}"
        display.follow(stacks.adopt(name, adopted.template_body, adopted.resources), stopped)
    typer.echo(
        f"The stack {name} has them. Now complete it, with its settings: make deploy STACK={name} …\n"
        "Then see what happened in the meantime: imagepipe reconcile --fix"
    )


def require_adoptable(stack: str, buckets: list[str], table: str, stacks: Stacks, data: KeptData) -> None:
    """Raise OperatorError, in one sentence, unless all is there, ours, and nobody else's."""
    if (state := stacks.state(stack)) is not None:
        raise terminal.OperatorError(
            f"there is a stack {stack!r} already ({state}); name another with --stack, or delete that first"
        )
    account = connect_account()
    for bucket in buckets:
        found = account.bucket(bucket)
        if isinstance(found, NoBucket):
            what = "is another account's, or closed to you" if found.exists else "is not there"
            raise terminal.OperatorError(f"the bucket {bucket!r} {what}; nothing was made")
        if found.region != stacks.region:
            raise terminal.OperatorError(
                f"the bucket {bucket!r} is in {found.region}, not in {stacks.region}; set "
                f"AWS_REGION={found.region}"
            )
    keys = data.key_schema(table)
    if keys is None:
        raise terminal.OperatorError(
            f"there is no table {table!r} in {stacks.region}; aws dynamodb list-tables names all"
        )
    if keys != OUR_KEYS:
        raise terminal.OperatorError(
            f"the table {table!r} has other keys than one of imagepipe; nothing was made"
        )


def _read(template: Path) -> dict[str, object]:
    try:
        document: dict[str, object] = json_format.loads(template.read_text())
    except (OSError, ValueError) as error:
        raise terminal.OperatorError(
            f"there is no template in {template}; write it with: make synth"
        ) from error
    return document


def _write(adopted: Adoption, directory: Path) -> str:
    """Write what the AWS CLI takes as well, for whoever would rather do it by hand."""
    template, resources = directory / "adopt.template.json", directory / "adopt.resources.json"
    template.write_text(adopted.template_body + "\n")
    resources.write_text(adopted.resources_to_import + "\n")
    return f"{template}, {resources}"
