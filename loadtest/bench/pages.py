"""What a question costs: read units and milliseconds by the size of the table, and beside one `get_item`."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from contract import table
from contract.items import key_to_wire
from contract.policy import to_json
from loadtest.bench.canned_table import RARE, RARE_IMAGES, key
from loadtest.bench.figures import Figure
from loadtest.bench.starting import UnpackedFunction
from loadtest.places import serving
from local.cloud.environment import DIRECT

SIZES = (1_000, 10_000, 100_000)
LIMIT = 50
# What DynamoDB takes for a small read, seen from a function in its region.
DYNAMODB_MILLISECONDS = 4
PAGES = {
    "one label": "label=Person",
    "three labels": "label=Person&label=Outdoors&label=Tree",
    "by time of capture": "order=taken",
    "by time of capture, of one year": "order=taken_oldest&taken_from=2020-01-01&taken_to=2020-12-31",
    f"three labels, one on {RARE_IMAGES} images in all": f"label=Person&label=Tree&label={RARE}",
}
ONE_IMAGE_AIM, PAGE_AIM = 1.5, 3.0
# What a policy of each kind of rule says, without a threshold that other rows would be read for.
POLICY = {
    "hidden": ["Weapon"],
    "labels": {"default": 55, "Thing 1 1": 80},
    "aliases": {"Vehicle": ["Car", "Truck"]},
    "moderation": {"Violence": {"threshold": 50, "review": 60, "block": 90}},
}
BY_POLICY = ("one image", "one label", "by time of capture")


@dataclass(frozen=True)
class Asking:
    """The deployed query API, asked here."""

    query_api: UnpackedFunction
    scratch: Path

    def figures(self, rounds: int, say: Callable[[str], None]) -> list[Figure]:
        """Measure every size, and the smallest beside bare boto3. Raises LoadtestError."""
        measured: dict[int, dict[str, tuple[float, float]]] = {}
        beside_bare: list[Figure] = []
        for size in SIZES:
            say(f"pages: {size:,} images")
            arguments = ("loadtest.bench.canned_table", str(size), str(DYNAMODB_MILLISECONDS))
            with serving("the made-up table", *arguments) as url:
                took = self._ask(url, self._events(), rounds)
                measured[size] = {name: (self._units(url, name), median(took[name])) for name in PAGES}
                if size == SIZES[0]:
                    beside_bare = [*_beside_bare(took), *self._by_policy(url, rounds, say)]
        return [*beside_bare, *_by_size(measured)]

    def _by_policy(self, url: str, rounds: int, say: Callable[[str], None]) -> list[Figure]:
        """Ask the same with a policy and without one, in turn: two processes of each."""
        say("pages: with a policy, and without")
        events = {name: event for name, event in self._events().items() if name in BY_POLICY}
        took: dict[str, dict[str, list[float]]] = {"": defaultdict(list), to_json(POLICY): defaultdict(list)}
        for policy in (*took, *took):
            for name, samples in self._ask(url, events, rounds // 2, POLICY=policy).items():
                took[policy][name] += samples
        plain, shown = took.values()
        return [
            Figure(f"{name}, by a policy, p50", median(shown[name]), "ms", "without", median(plain[name]))
            for name in BY_POLICY
        ]

    def _events(self) -> Mapping[str, Any]:
        pages = {name: _event("/images", f"{query}&limit={LIMIT}") for name, query in PAGES.items()}
        return {"one image": _event(f"/images/{key(7)}", ""), **pages}

    def _units(self, url: str, name: str) -> float:
        """Return the units of one question: what one round more reads, without the bare handler's item."""
        event = {name: self._events()[name]}
        once, twice = (self._units_of(url, event, rounds) for rounds in (1, 2))
        return twice - once - 1

    def _units_of(self, url: str, events: Mapping[str, Any], rounds: int) -> float:
        _read_units(url)
        self._ask(url, events, rounds)
        return _read_units(url)

    def _ask(
        self, url: str, events: Mapping[str, Any], rounds: int, **more: str
    ) -> Mapping[str, Sequence[float]]:
        at = table.record_key(key(7))
        asked = self.scratch / "asked.json"
        table_name = self.query_api.function.environment["TABLE_NAME"]
        asked.write_text(json.dumps({"table_name": table_name, "record": key_to_wire(at), "events": events}))
        variables = {"AWS_ENDPOINT_URL": url, "POWERTOOLS_TRACE_DISABLED": "true", **more}
        said = self.query_api.run("ask_pages", str(asked), str(rounds), **variables)
        took: dict[str, list[float]] = json.loads(said)
        return took


def _read_units(url: str) -> float:
    """Return what was read of the table since this was last asked."""
    with DIRECT.open(f"{url}/_local/units") as reply:
        return float(json.load(reply)["units"])


def _by_size(measured: Mapping[int, Mapping[str, tuple[float, float]]]) -> list[Figure]:
    smallest = SIZES[0]
    against = f"of {smallest:,} images"
    return [
        Figure(
            f"{name}, {size:,} images",
            measured[size][name][place],
            unit,
            *(() if size == smallest else (against, measured[smallest][name][place])),
        )
        for name in PAGES
        for place, unit in enumerate(("read units", "ms"))
        for size in SIZES
    ]


def _beside_bare(took: Mapping[str, Sequence[float]]) -> list[Figure]:
    against = "bare boto3 handler, one get_item"
    aims = {"one image": ONE_IMAGE_AIM, "one label": PAGE_AIM}
    return [
        Figure(f"{name}, {kind}", value(took[name]), "ms", against, value(took["bare"]), at_most=aims[name])
        for name in aims
        for kind, value in (("p50", median), ("p99", _p99))
    ]


def _p99(samples: Sequence[float]) -> float:
    return quantiles(samples, n=100)[98]


def _event(path: str, query: str) -> Mapping[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {},
        "requestContext": {
            "http": {"method": "GET", "path": path},
            "stage": "$default",
            "requestId": "1",
        },
        "isBase64Encoded": False,
    }
