"""`imagepipe destroy`: a stack deleted, and what it keeps named; with an explicit word, that as well."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from contract.prices import Prices
from operations import terminal
from operations.adapters.cloudformation import KeptData, KeptSize, StackResource
from operations.commands import options
from operations.costs import GB
from operations.wiring import connect_stacks, stack_on_aws

BUCKET, TABLE = "AWS::S3::Bucket", "AWS::DynamoDB::Table"
_WHAT = {BUCKET: "bucket", TABLE: "table"}


class KeptResource(NamedTuple):
    """What a stack leaves behind when it is deleted, and how much is in it."""

    resource: StackResource
    size: KeptSize

    @property
    def dollars_a_month(self) -> float | None:
        """Return what keeping it costs; of a bucket, what is in S3's standard class. None: nobody knows."""
        if self.size.size_bytes is None:
            return None
        prices = Prices()
        of_table = prices.table_gb_month + prices.backup_gb_month
        return self.size.size_bytes / GB * (of_table if self.resource.kind == TABLE else prices.s3_gb_month)

    def to_json(self) -> dict[str, object]:
        return {
            "kind": _WHAT[self.resource.kind],
            "name": self.resource.name,
            "size_bytes": self.size.size_bytes,
            "items": self.size.items,
            "dollars_a_month": self.dollars_a_month,
        }


def destroy(
    *,
    stack: options.Stack = None,
    delete_data: Annotated[
        str | None,
        typer.Option(
            "--delete-data",
            metavar="NAME",
            help="Delete photos and records as well, for good. The word is the stack's own name.",
        ),
    ] = None,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Delete a stack on AWS. Its bucket and its table are kept, and named, unless their data is to go too.

    A bucket that was there before the stack is left as it is in either case.
    """
    name = stack_on_aws(stack)
    if delete_data is not None and delete_data != name:
        raise terminal.OperatorError(
            f"--delete-data is {delete_data!r}; to delete photos and records for good, it is the stack's "
            f"name: --delete-data {name}"
        )
    terminal.require_consent_possible(yes, "destroy")
    stacks, data = connect_stacks()
    stack_id = stacks.id_of(name)
    resources = stacks.resources(stack_id)
    kept = kept_of(resources, data)
    if not json:
        show(name, kept, is_deleted=delete_data is not None)
    goes = "with all photos and records in it" if delete_data else "and keep what is named above"
    if not terminal.consents(yes, f"Delete the stack {name}, {goes}?", "nothing was deleted"):
        raise typer.Exit(1)
    with terminal.stepwise("deleting") as display:
        # What CloudFormation has begun goes on, whoever watches.
        stopped = f"CloudFormation goes on deleting {name}; see: aws cloudformation describe-stacks"
        display.follow(stacks.delete(stack_id), stopped)
        if delete_data is not None:
            for each in kept:
                steps = data.remove_table if each.resource.kind == TABLE else data.remove_bucket
                display.follow(steps(each.resource.name), f"not all was deleted: {_left(kept)}")
    if json:
        terminal.print_json(
            {
                "stack": name,
                "data_deleted": delete_data is not None,
                "kept": [each.to_json() for each in kept],
            }
        )
    else:
        typer.echo(f"The stack {name} is deleted.")
        if delete_data is None and kept:
            typer.echo(f"To work with what is kept again: {adopting(name, kept)}")


def kept_of(resources: Sequence[StackResource], data: KeptData) -> list[KeptResource]:
    """Return what stays behind of a stack, with its size."""
    return [
        KeptResource(each, data.size(each.kind, each.name))
        for each in resources
        if each.is_kept and each.kind in _WHAT
    ]


def show(stack: str, kept: Sequence[KeptResource], *, is_deleted: bool) -> None:
    """Write what stays behind, or goes too, by name, and what keeping it costs."""
    if not kept:
        typer.echo(f"The stack {stack} keeps nothing.")
        return
    rows = []
    for each in kept:
        size = "not known" if each.size.size_bytes is None else terminal.size(each.size.size_bytes)
        count = "" if each.size.items is None else f"{each.size.items:,.0f}"
        dollars = each.dollars_a_month
        cost = "not known" if dollars is None else terminal.money(dollars)
        rows.append((_WHAT[each.resource.kind], each.resource.name, count, size, cost))
    title = "Deleted for good" if is_deleted else "Kept"
    terminal.print_table((title, "Name", "#Objects, items", "#Size", "#Dollars a month"), rows)
    typer.echo("Sizes are those that AWS measured last, some hours ago.")


def adopting(stack: str, kept: Sequence[KeptResource]) -> str:
    """Return the command that takes what is kept into a new stack."""
    named = {_variable(each.resource): each.resource.name for each in kept}
    return " ".join(["make adopt", f"STACK={stack}", *(f"{name}={value}" for name, value in named.items())])


def _variable(resource: StackResource) -> str:
    if resource.kind == TABLE:
        return "TABLE"
    return "RENDITIONS" if "Renditions" in resource.logical_id else "BUCKET"


def _left(kept: Sequence[KeptResource]) -> str:
    return ", ".join(each.resource.name for each in kept)
