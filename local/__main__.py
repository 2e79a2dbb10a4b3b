"""The local environment from the command line: `make run`, `make stop`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from contract.terminal import printable, standard_streams
from infra.bundles import ROOT
from local.cloud.environment import LocalCloudError, asking, on_ports, remembered
from local.cloud.stages import console

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
Directory = Annotated[Path, typer.Option("--directory", help="Where the state of the environment is kept.")]
DEFAULT_DIRECTORY = ROOT / ".local"


@app.command()
def run(
    images: Annotated[Path, typer.Option(help="The folder of photos, with those below it.")] = Path("images"),
    port: Annotated[int | None, typer.Option(help="MiniStack's port; Rekognition takes the next.")] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    context: Annotated[
        list[str], typer.Option(help="A setting of the deployment: NAME=VALUE. Repeatable.")
    ] = [],  # noqa: B006  # typer copies it
    rekognition_url: Annotated[
        str | None, typer.Option(help="Ask this Rekognition, and start none; empty: start one again.")
    ] = None,
) -> None:
    """Start and deploy what is needed, put a folder of photos in, and show what is in them."""
    from local.cloud.assembly import local_context, named_settings
    from local.cloud.running import at_work, bring_up
    from local.cloud.stages import Stages
    from local.demo.folder import look_into
    from local.demo.recognizing import Recognition
    from local.unavailable import require_models

    shown = console()
    begun = time.monotonic()
    with faults_in_one_line():
        folder = look_into(_expanded(images))
        environment = asking(on_ports(remembered(directory), port), rekognition_url)
        settings = local_context(named_settings(context))
        if environment.other_rekognition_url is None:
            require_models(settings)
        with at_work(environment):
            stages = Stages(shown)
            outputs = bring_up(environment, stages, settings)
            Recognition(environment, outputs, stages, shown).run(folder)
    shown.print(f"[dim]Everything took {time.monotonic() - begun:.1f} s.[/]", highlight=False)


@app.command()
def stop(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Stop everything; photos and records are kept for the next run."""
    from local.cloud.running import at_work, take_down

    environment = remembered(directory)
    with faults_in_one_line(), at_work(environment):
        ran = take_down(environment)
    console().print("Stopped; photos and records are kept." if ran else "Nothing was running.")


@app.command()
def status(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Print what runs."""
    from local.cloud import running, services

    environment = remembered(directory)
    for service in (running.cloud_service(environment), running.rekognition_service(environment)):
        state = "running" if services.is_running(service) else "not running"
        console().print(f"{service.name:<12} port {service.port}  {state}", highlight=False)


def _expanded(path: Path) -> Path:
    """Expand a leading `~`: not every shell does in IMAGES=~/photos, and the Makefile lets none."""
    try:
        return path if os.path.lexists(path) else path.expanduser()
    except RuntimeError:  # there is no such person
        return path


@contextmanager
def faults_in_one_line() -> Iterator[None]:
    """Print what goes wrong while the block lasts, and raise typer.Exit with its exit code."""
    try:
        yield
    except LocalCloudError as error:
        lines = str(error).split("\n")
        typer.echo("\n".join(["error: " + printable(lines[0]), *map(printable, lines[1:])]), err=True)
        raise typer.Exit(error.exit_code) from error
    except (BotoCoreError, ClientError, ResponseParserError, OSError) as error:
        typer.echo(
            f"error: the local cloud is not as it should be: {printable(str(error))}; "
            "what it says is in cloud.log; make run again goes on",
            err=True,
        )
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        typer.echo(
            "\ninterrupted; what runs goes on running: make run continues, make stop ends it", err=True
        )
        raise typer.Exit(130) from error


if __name__ == "__main__":
    with standard_streams():
        app()
