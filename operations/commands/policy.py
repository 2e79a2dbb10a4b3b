"""`imagepipe policy`: whether a policy is sound, and what it would change before it is deployed."""

from typing import Annotated, Any

import typer

from contract.policy import ModerationAction, Policy
from contract.policy_faults import MAX_BYTES
from contract.policy_file import faults_of_policy_file, policy_content, policy_json
from contract.prices import MILLION, Prices
from operations import terminal
from operations.commands import options
from operations.policy_change import ChangedAction, PolicyChange
from operations.policy_tags import PolicyTags
from operations.wiring import DeployedPipeline, connect

app = typer.Typer(help="Look at a policy before it is deployed.", no_args_is_help=True)
FAULTY = 1
FileArgument = Annotated[str, typer.Argument(metavar="FILE", show_default=False)]
_HAPPENS = {
    ModerationAction.BLOCK: "would be blocked",
    ModerationAction.REVIEW: "would be to review",
    ModerationAction.ALLOW: "would be released",
}


@app.command("check")
def check(path: FileArgument) -> int:
    """Print all that is wrong with a policy, as a deployment would. Nothing is asked for it."""
    faults = faults_of_policy_file(path, is_moderated=True)
    for fault in faults:
        typer.echo(fault)
    if faults:
        return FAULTY
    policy = Policy.of(policy_content(path))
    size_bytes = len(policy_json(path).encode())
    typer.echo(
        f"{path} is sound: version {policy.version}, {size_bytes:,} of {MAX_BYTES:,} bytes; "
        f"{len(policy.thresholds):,} labels with thresholds of their own, {len(policy.hidden):,} hidden, "
        f"{len(set(policy.aliases.values())):,} aliases, {len(policy.rules):,} categories with rules"
    )
    return 0


@app.command("what-if")
def what_if(
    path: FileArgument,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    prefix: options.Prefix = None,
    json: options.Json = False,
) -> None:
    """Show which photos another policy would block, release or have reviewed. Nothing is changed.

    It reads the index rows of the categories that either policy names, and the records of photos that would
    change: half a read unit for 16 rows and one for each record, about $0.03 where 100,000 of a million
    photos would change. No detector is asked.
    """
    content = _sound(path)
    pipeline = connect(stack, local, directory)
    change = PolicyChange(pipeline.photos, _deployed(pipeline), Policy.of(content), prefix or "")
    with terminal.stepwise("reading") as display:
        for looked_at in display.until_interrupted(change.read()):
            display.show(f"{looked_at:,} photos", done=looked_at)
        display.raise_if_interrupted(f"{change.looked_at:,} photos were looked at; nothing was changed")
    if json:
        terminal.print_json(_document(change))
    else:
        _print(change)
    if change.unreadable:
        terminal.remark(f"{change.unreadable:,} records cannot be read, and are left out")
    dollars = change.read_units * Prices().million_read_units / MILLION
    terminal.remark(f"Reading took {change.read_units:,.0f} read units, ${dollars:.4f}. Nothing was changed.")


@app.command("apply-tags")
def apply_tags(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    prefix: options.Prefix = None,
) -> int:
    """Tag the photos that are kept as the deployed policy wants it, after it was changed (block_tag).

    It reads every record, and of photos in which moderation found something or about which somebody decided
    it asks S3 for the tags: about $0.13 for a million photos and $0.40 for a million that were asked about.
    No detector is asked. It can be run again at any time, and while photos come in.
    """
    pipeline = connect(stack, local, directory)
    policy = pipeline.deployed.policy
    if policy is None or pipeline.deployed.settings.block_tag != "yes":
        raise terminal.OperatorError("this deployment tags nothing: deploy with -c block_tag=true")
    tags = PolicyTags(
        pipeline.photos,
        policy,
        pipeline.block_tag,
        pipeline.executor,
        pipeline.names.bucket,
        pipeline.renditions,
        prefix or "",
    )
    with terminal.stepwise("tagging") as display:
        for looked_at in display.until_interrupted(tags.apply()):
            display.show(f"{looked_at:,} photos", done=looked_at)
        display.raise_if_interrupted(f"{tags.looked_at:,} photos are as the policy wants them; run it again")
    typer.echo(
        f"{tags.blocked:,} of {tags.looked_at:,} photos are blocked, and tagged; {tags.untagged:,} were, and "
        "are no longer"
    )
    if tags.unreadable or tags.restless:
        terminal.remark(
            f"{tags.unreadable:,} records cannot be read, and {tags.restless:,} photos were changed again "
            "and again: run it again"
        )
        return FAULTY
    return 0


def _sound(path: str) -> dict[str, Any]:
    """Read a policy. Raise OperatorError with the first of its faults."""
    if faults := faults_of_policy_file(path, is_moderated=True):
        more = f" (and {len(faults) - 1} more: imagepipe policy check {path})" if len(faults) > 1 else ""
        raise terminal.OperatorError(faults[0] + more)
    return policy_content(path)


def _deployed(pipeline: DeployedPipeline) -> Policy:
    """Return the policy that is deployed; one that says nothing where there is none."""
    return pipeline.deployed.policy or Policy()


def _changes(change: PolicyChange) -> list[tuple[ChangedAction, int]]:
    return sorted(change.counts.items(), key=lambda counted: (counted[0].after, counted[0].before))


def _document(change: PolicyChange) -> dict[str, Any]:
    return {
        "from": change.before.version or None,
        "to": change.after.version,
        "looked_at": change.looked_at,
        "changes": [
            {
                "from": str(changed.before),
                "to": str(changed.after),
                "photos": count,
                "examples": change.examples[changed],
            }
            for changed, count in _changes(change)
        ],
    }


def _print(change: PolicyChange) -> None:
    rows = [
        (
            _HAPPENS[changed.after],
            str(changed.before),
            f"{count:,}",
            ", ".join(change.examples[changed]),
        )
        for changed, count in _changes(change)
    ]
    if rows:
        terminal.print_table(("What", "Now", "#Photos", "For example"), rows)
        typer.echo()
    total = sum(change.counts.values())
    typer.echo(
        f"{total:,} photos would change, of {change.looked_at:,} that have a category of either policy."
        if change.categories
        else "No photo would change: both policies have the same rules for moderation."
    )
