"""`imagepipe`, the command line for whoever runs the pipeline, and the one place where errors become lines.

Exit codes: 0 done; 1 reconcile found something and did not fix it, something was refused or is left, a
backfill stopped at its bounds, a deployment would not fit, or a promise did not hold; 2 it could not be
done, and one line says why; 130 Ctrl-C; 141 whoever read the output has left (`| head`).
"""

import sqlite3
import sys
from collections.abc import Sequence

import typer

from contract.errors import ImagepipeError
from contract.terminal import standard_streams
from operations.commands import (
    adopt,
    backfill,
    check,
    corrections,
    cost,
    custom_labels,
    destroy,
    dlq,
    duplicates,
    export,
    forget,
    import_answers,
    job,
    people,
    plan,
    policy,
    quotas,
    reconcile,
    status,
    verify,
)
from operations.terminal import OperatorError, StoppedError, remark

TROUBLE = 2
INTERRUPTED = 130
_INTERRUPTED_AT_ONCE = (
    "interrupted: what was under way may be done or not; nothing is lost, running the command again is safe"
)

app = typer.Typer(
    name="imagepipe",
    help="Look after a running image pipeline: on AWS, or with --local on this machine.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(dlq.app, name="dlq")
app.add_typer(job.app, name="job")
app.add_typer(people.app, name="people")
app.add_typer(policy.app, name="policy")
app.add_typer(corrections.app, name="corrections")
app.add_typer(custom_labels.app, name="custom-labels")
app.command("reconcile")(reconcile.reconcile)
app.command("status")(status.status)
app.command("plan")(plan.plan)
app.command("backfill")(backfill.backfill)
app.command("duplicates")(duplicates.duplicates)
app.command("export")(export.export)
app.command("import")(import_answers.import_answers)
app.command("quotas")(quotas.quotas)
app.command("cost")(cost.cost)
app.command("check")(check.check)
app.command("destroy")(destroy.destroy)
app.command("adopt")(adopt.adopt)
app.command("verify")(verify.verify)
app.command("forget")(forget.forget)


def main(arguments: Sequence[str] | None = None) -> int:
    with standard_streams():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        code = app(list(arguments) if arguments is not None else None, standalone_mode=False)
    except (typer.TyperException, OperatorError, ImagepipeError, sqlite3.Error) as error:
        # Without arguments the help has been shown, and there is nothing to add.
        if sentence := " ".join(_sentence(error).split()):
            remark(f"error: {sentence}")
        return TROUBLE
    except StoppedError as stop:
        remark(f"stopped: {stop}")
        return INTERRUPTED
    except KeyboardInterrupt:
        remark("")
        remark(_INTERRUPTED_AT_ONCE)
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _sentence(error: Exception) -> str:
    if isinstance(error, ImagepipeError):
        return f"{error.code}: {error.message}"
    if isinstance(error, sqlite3.Error):
        return f"the temporary database failed: {error}; is there room in the temporary directory?"
    # What Typer has to say of an argument is longer than its text.
    return str(getattr(error, "format_message", error.__str__)())


if __name__ == "__main__":
    sys.exit(main())
