"""`imagepipe custom-labels`: the model that the detector `custom_labels` asks, which costs by the hour."""

from typing import Annotated

import typer

from contract.prices import CUSTOM_LABELS_UNIT_HOUR
from contract.timing import DAY_SECONDS
from operations import terminal
from operations.adapters.custom_models import CustomModel, ModelState
from operations.commands import options
from operations.wiring import connect

HOURS_A_MONTH = 30 * DAY_SECONDS // 3600
NOT_DONE = 1

app = typer.Typer(
    help="The model of Rekognition Custom Labels that the detector custom_labels asks: it answers only while "
    "it runs, and costs by the hour for as long.",
    no_args_is_help=True,
)


@app.command("status")
def status(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> None:
    """Tell whether the model runs, and what that costs an hour."""
    model = _model(stack, local, directory)
    state = model.state()
    if json:
        terminal.print_json({"model": model.arn, **to_json(state)})
        return
    typer.echo(f"{model.arn}: {in_words(state)}")


@app.command("start")
def start(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    units: Annotated[int, typer.Option("--units", min=1, help="Inference units that it has always.")] = 1,
    max_units: Annotated[
        int | None, typer.Option("--max-units", min=1, help="And at most, where there is more to do.")
    ] = None,
    yes: options.Yes = False,
) -> None:
    """Start the model, after it was said what it costs. It takes some minutes until it answers."""
    most = max_units or units
    if most < units:
        raise terminal.OperatorError(f"--max-units is {most}, and --units {units}; it cannot be less")
    terminal.require_consent_possible(yes, "custom-labels start")
    model = _model(stack, local, directory)
    state = model.state()
    if state.is_charged:
        typer.echo(f"{model.arn}: {in_words(state)}; nothing was started")
        return
    if not state.can_start:
        raise terminal.OperatorError(f"the model cannot be started: {in_words(state)}")
    terminal.remark(cost_in_words(units, most))
    if not terminal.consents(yes, "Start the model?", "nothing was started"):
        raise typer.Exit(NOT_DONE)
    typer.echo(f"{model.arn}: {model.start(units, most)}; it goes on costing until custom-labels stop")


@app.command("stop")
def stop(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    yes: options.Yes = False,
) -> None:
    """Stop the model. Photos that it was not asked about wait until it runs again, and none is lost."""
    terminal.require_consent_possible(yes, "custom-labels stop")
    model = _model(stack, local, directory)
    state = model.state()
    if not state.is_charged:
        typer.echo(f"{model.arn}: {in_words(state)}; nothing was stopped")
        return
    question = "Stop the model? New photos wait in their queue, up to 14 days, until it runs again."
    if not terminal.consents(yes, question, "nothing was stopped"):
        raise typer.Exit(NOT_DONE)
    typer.echo(f"{model.arn}: {model.stop()}")


def _model(stack: options.Stack, local: options.Local, directory: options.Directory) -> CustomModel:
    pipeline = connect(stack, local, directory)
    if pipeline.is_local:
        raise terminal.OperatorError("the local Rekognition has no custom labels, so no model can run here")
    if not (arn := pipeline.deployed.settings.custom_labels_model):
        raise terminal.OperatorError(
            "the deployment asks no model: add custom_labels to detectors, and set custom_labels_model to "
            "its ARN"
        )
    return pipeline.custom_model(arn)


def cost_in_words(units: int, most_units: int) -> str:
    """Return what a running model costs, as a sentence."""
    hour, month = (units * CUSTOM_LABELS_UNIT_HOUR * hours for hours in (1, HOURS_A_MONTH))
    up_to = f", ${terminal.money(most_units * CUSTOM_LABELS_UNIT_HOUR)} at most" if most_units > units else ""
    return (
        f"A model costs ${terminal.money(CUSTOM_LABELS_UNIT_HOUR)} an hour for each inference unit, asked or "
        f"not: ${terminal.money(hour)} an hour for {units}{up_to}, ${terminal.money(month)} in 30 days."
    )


def in_words(state: ModelState) -> str:
    """Return how a model stands, as one line."""
    said = f" ({state.message})" if state.message else ""
    if not state.is_charged:
        return f"{state.status}{said}, costs nothing"
    hour = terminal.money(state.units * CUSTOM_LABELS_UNIT_HOUR)
    return f"{state.status}{said}, {state.units} inference units, ${hour} an hour"


def to_json(state: ModelState) -> dict[str, object]:
    dollars = state.units * CUSTOM_LABELS_UNIT_HOUR if state.is_charged else 0.0
    return {
        "status": state.status,
        "message": state.message,
        "units": state.units,
        "max_units": state.most_units,
        "dollars_an_hour": dollars,
    }
