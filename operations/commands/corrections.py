"""`imagepipe corrections`: what people say of a photo, shown or taken back, through the API."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, NoReturn

import typer

from operations import terminal
from operations.adapters.query_api import QueryApi
from operations.commands import options
from operations.wiring import connect

app = typer.Typer(
    help="What people say of a photo, over what detectors found: show it, or take it back.",
    no_args_is_help=True,
)
Key = Annotated[str, typer.Argument(metavar="KEY", show_default=False)]
# A body has 10,000 bytes, a name up to 200 characters.
NAMES_A_REQUEST = 10
_TURNED_OFF = "this deployment takes no corrections: deploy with -c corrections=true"
_CORRECTED_MEANWHILE = "somebody has corrected the photo meanwhile; look at it, and run this again"


@app.command("show")
def show(
    key: Key,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> None:
    """Print the last changes of a photo's labels and its decision: when, by whom, what and why."""
    said = read(connect(stack, local, directory).api, key)
    if json:
        terminal.print_json(said)
        return
    changes = [
        (change["at"], change["by"], "; ".join(_words(change)), change.get("why", ""))
        for change in said["changes"]
    ]
    terminal.print_table(("At", "By", "What", "Why"), changes)


@app.command("undo")
def undo(
    key: Key,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    decision: Annotated[
        bool, typer.Option("--decision", help="Take back the decision alone, and leave labels as they are.")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="Why, in one line; kept with the change.")] = "",
    yes: options.Yes = False,
) -> int:
    """Take back what people say of a photo: the detectors' word is shown again, and nothing is decided.

    Who had said what stays among the changes that `show` prints.
    """
    terminal.require_consent_possible(yes, "undo")
    api = connect(stack, local, directory).api
    said = read(api, key)
    names = [] if decision else [*said["added"], *said["removed"], *said["renamed"]]
    persons = [] if decision else [person["name"] for person in said.get("persons", [])]
    if not names and not persons and said["decision"] is None:
        terminal.remark(f"Nothing that people say of {key} is to be taken back.")
        return 0
    labels = f"what people say of {len(names)} labels" if names else ""
    of_persons = f"what people say of {len(persons)} persons" if persons else ""
    decided = "" if said["decision"] is None else f"the decision {said['decision']['decision']!r}"
    question = f"Take back {' and '.join(filter(None, (labels, of_persons, decided)))} of {key}?"
    if not terminal.consents(yes, question, "nothing was changed"):
        return 1
    take_back(api, key, said, (names, persons), why)
    terminal.remark("Taken back; lists and counts show it within seconds.")
    return 0


def read(api: QueryApi, key: str) -> Mapping[str, Any]:
    """Return how the corrections of a photo stand. Raise OperatorError where there can be none."""
    status, answer = api.get("/images", key=key)
    if status != HTTPStatus.OK:
        _refuse(status, answer)
    if "corrections" not in answer:
        raise terminal.OperatorError(_TURNED_OFF)
    corrections: Mapping[str, Any] = answer["corrections"]
    return corrections


def take_back(
    api: QueryApi, key: str, said: Mapping[str, Any], of: tuple[list[str], list[str]], why: str
) -> None:
    """Take back a decision, and what is said `of` labels and persons.

    Raise OperatorError if somebody else was faster.
    """
    (names, persons), number = of, said["number"]
    for start in range(0, max(1, len(names), len(persons)), NAMES_A_REQUEST):
        part = slice(start, start + NAMES_A_REQUEST)
        of_persons = {"persons": {"reset": persons[part]}} if persons[part] else {}
        edit = {"reset": names[part], "decision": "none", "why": why, **of_persons}
        status, answer = api.patch("/images", edit, {"if-match": f'"{number}"'}, key=key)
        if status == HTTPStatus.PRECONDITION_FAILED:
            raise terminal.OperatorError(_CORRECTED_MEANWHILE)
        if status != HTTPStatus.OK:
            _refuse(status, answer)
        number = answer["corrections"]["number"]


def _refuse(status: int, answer: object) -> NoReturn:
    detail = answer.get("detail") if isinstance(answer, Mapping) else None
    raise terminal.OperatorError(f"the API answers {status}: {detail or 'it does not say why'}")


def _words(change: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a change says, in words."""
    for part, verb in (("add", "added"), ("remove", "removed"), ("reset", "took back")):
        if part in change:
            yield f"{verb} {', '.join(change[part])}"
    for old, new in change.get("rename", {}).items():
        yield f"renamed {old} to {new}"
    for part, verb in (("is", "named"), ("is_not", "denied"), ("reset", "took back")):
        if named := change.get("persons", {}).get(part):
            yield f"{verb} {', '.join(named)}"
    if "decision" in change:
        yield f"decided {change['decision']}"
