"""docs/security.md: what callers can cost at worst, by the code's bounds, the throttles and the prices."""

from pathlib import Path

from aws.calls import MAX_ENTRIES
from contract.detectors import OPERATIONS
from contract.meaning import DIMENSIONS, PARTS
from contract.policy_faults import MAX_CATEGORIES
from contract.prices import MILLION, Prices, dollars_for_calls
from contract.quotas import LETTERS_A_REQUEST, OPERATOR_REQUESTS_A_SECOND
from contract.table import SHARDS
from contract.tallies import LABEL_COUNTS
from infra import answers
from infra.answers import (
    ACCESS_ROUTE,
    CORRECTION_ROUTES,
    COSTLY_ROUTES,
    EVENTS_ROUTE,
    OPERATOR_PAGE,
    OPERATOR_ROUTES,
    PEOPLE_ROUTE,
    REVIEWS_ROUTE,
    ROUTES,
    STATIC_ROUTES,
    UPLOAD_ROUTE,
)
from infra.pictures import MEMORY_MB
from infra.settings import DeploymentSettings
from operations.meaning_costs import MOST_TOKENS
from query_api import by_policy
from query_api.endpoints.correcting import MOST_TOLD
from query_api.endpoints.counts import CALL_DAYS
from query_api.search.agreement import ROWS_OF_A_RANGE
from query_api.search.events import MOST_PICTURES, PICTURES_OF_A_PAGE
from query_api.search.listing import MAX_READ_BUDGET, MAX_RECORDS
from query_api.search.postings import ROWS_OF_A_UNIT
from query_api.visibility import COUNTED_READ_BUDGET

PAGE = Path(__file__).resolve().parents[2] / "docs/security.md"
DAY_SECONDS = 86_400
# https://aws.amazon.com/api-gateway/pricing/
MILLION_HTTP_REQUESTS = 1.00
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html
PARTITION_UNITS_A_SECOND = 3_000
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1_000
FUNCTION_GB = 0.5
PICTURES_GB = MEMORY_MB / 1024
# The packed answers of all detectors, two of a hundred distinct faces, one of as many words, and the record.
UNITS_OF_ONE_IMAGE = 65
# A thousand persons, eight in a unit: nothing bounds how many are looked for.
UNITS_OF_PEOPLE = 125
WORST_UNITS = {
    "GET /images": MAX_RECORDS + MAX_READ_BUDGET / ROWS_OF_A_UNIT,
    "GET /images/{key+}": UNITS_OF_ONE_IMAGE,
    # Not consistent, so half a unit for each 4 KB.
    "GET /labels": len(LABEL_COUNTS) / 2,
    "GET /stats": (CALL_DAYS + 1) / 2,
    "GET /health": 1,
    UPLOAD_ROUTE: 0,
    REVIEWS_ROUTE: MAX_RECORDS + MAX_READ_BUDGET / ROWS_OF_A_UNIT,
    # The records, their rows, and those that were read of each partition to both sides and not needed.
    EVENTS_ROUTE: MOST_PICTURES + (MOST_PICTURES + 2 * SHARDS * PICTURES_OF_A_PAGE) / ROWS_OF_A_UNIT,
    PEOPLE_ROUTE: UNITS_OF_PEOPLE,
    # The days of a month, and the budget of each operation, each half a unit.
    "GET /pipeline": (31 + len(set(OPERATIONS.values()))) / 2,
    "GET /failures": 0,
    "POST /retries": 0,
    # The photo with what people say of it, and the records and names of its copies.
    **dict.fromkeys(CORRECTION_ROUTES, UNITS_OF_ONE_IMAGE + MOST_TOLD * 9),
}
# A record, its index rows and those before it, what it is counted for.
WRITE_UNITS_OF_ONE_RECORD = 45
# With access by prefix, labels are counted on photos.
BY_PREFIX = "GET /labels", MAX_RECORDS + COUNTED_READ_BUDGET / ROWS_OF_A_UNIT
# With a policy, what people decided is counted by the newest rows of each category, and of what they blocked.
OF_REVIEWS = (
    "GET /stats",
    (CALL_DAYS + 1) / 2 + (MAX_CATEGORIES + 1) * SHARDS * ROWS_OF_A_RANGE / ROWS_OF_A_UNIT,
)
# With meaning, instead of rows: what photo is meant, and the index is searched, which is priced below.
BY_MEANING = "GET /images", MAX_RECORDS + UNITS_OF_ONE_IMAGE
PHOTOS_SEARCHED = 100_000
# With a policy, some are counted by their rows too.
BY_POLICY = "GET /labels", len(LABEL_COUNTS) / 2 + by_policy.COUNTED_READ_BUDGET / ROWS_OF_A_UNIT
# Requests to SQS: letters by tens received and let go of, or sent and deleted, and the depths of four queues.
BATCHES = LETTERS_A_REQUEST // MAX_ENTRIES
SQS_REQUESTS = {"GET /pipeline": 4, "GET /failures": 2 * BATCHES + 4, "POST /retries": 3 * BATCHES + 4}
SETTINGS = DeploymentSettings()
PRICES = Prices()


def rate_of(route: str) -> int:
    if route in (*OPERATOR_ROUTES, *CORRECTION_ROUTES):
        return OPERATOR_REQUESTS_A_SECOND
    return SETTINGS.api_costly_requests_a_second if route in COSTLY_ROUTES else SETTINGS.api_requests_a_second


def row(name: str, route: str, units: float) -> str:
    requests = rate_of(route) * DAY_SECONDS
    reading = requests * units * PRICES.million_read_units / MILLION
    asking = requests * MILLION_HTTP_REQUESTS / MILLION
    return f"| {name} | {rate_of(route)} | {units:g} | {reading:.2f} | {asking:.2f} |"


def table() -> str:
    lines = [
        "| route | requests a second | read units of one | DynamoDB, $ a day | API Gateway, $ a day |",
        "| --- | --- | --- | --- | --- |",
    ]
    for route in (*ROUTES, UPLOAD_ROUTE, *STATIC_ROUTES):
        lines.append(row(f"`{route}`", route, WORST_UNITS.get(route, 0)))
    lines.append(row(f"`{BY_PREFIX[0]}` with `prefix_claim`", *BY_PREFIX))
    lines.append(row(f"`{BY_POLICY[0]}` with `policy`", *BY_POLICY))
    lines.append(row(f"`{OF_REVIEWS[0]}?reviews=true` with `policy`", *OF_REVIEWS))
    lines.append(row(f"`{BY_MEANING[0]}` with `like` or `similar_to`, only with `meaning`", *BY_MEANING))
    lines.append(row(f"`{EVENTS_ROUTE}`, only with `cameras`", EVENTS_ROUTE, WORST_UNITS[EVENTS_ROUTE]))
    lines.append(row(f"`{PEOPLE_ROUTE}`, only with `people`", PEOPLE_ROUTE, WORST_UNITS[PEOPLE_ROUTE]))
    lines.append(row(f"`{ACCESS_ROUTE}`, only with it", ACCESS_ROUTE, 0))
    lines.append(row(f"`{REVIEWS_ROUTE}`, only with `policy`", REVIEWS_ROUTE, WORST_UNITS[REVIEWS_ROUTE]))
    for route in (*OPERATOR_ROUTES, OPERATOR_PAGE, *CORRECTION_ROUTES):
        lines.append(row(f"`{route}`", route, WORST_UNITS.get(route, 0)))
    calls = rate_of(UPLOAD_ROUTE) * DAY_SECONDS
    asked = sum(SQS_REQUESTS.values()) * OPERATOR_REQUESTS_A_SECOND * DAY_SECONDS
    written = 2 * OPERATOR_REQUESTS_A_SECOND * DAY_SECONDS * MOST_TOLD * WRITE_UNITS_OF_ONE_RECORD
    looked_at = PHOTOS_SEARCHED * 4 * DIMENSIONS * sum(PARTS) / 1e9
    searched = rate_of("GET /images") * DAY_SECONDS * looked_at * PRICES.vectors_searched_gb
    texts = rate_of("GET /images") * DAY_SECONDS
    worded = texts * MOST_TOKENS * PRICES.million_tokens_embedded / MILLION
    function = ACCOUNT_CONCURRENCY * FUNCTION_GB * DAY_SECONDS * PRICES.gb_second
    return "\n".join(
        [
            *lines,
            "",
            "| whatever the routes | $ a day |",
            "| --- | --- |",
            f"| Lambda: {ACCOUNT_CONCURRENCY:,} copies of {FUNCTION_GB} GB (the account's default) all day "
            f"| {function:.2f} |",
            f"| the same of the pictures function's {PICTURES_GB:g} GB, where they may upload "
            f"| {function * PICTURES_GB / FUNCTION_GB:.2f} |",
            f"| SQS: {LETTERS_A_REQUEST} dead letters for every request of operators "
            f"| {asked * PRICES.million_sqs_requests / MILLION:.2f} |",
            f"| DynamoDB: {MOST_TOLD} copies made anew for every correction, {WRITE_UNITS_OF_ONE_RECORD} "
            f"write units each | {written * PRICES.million_write_units / MILLION:.2f} |",
            f"| DynamoDB: {PHOTOS_SEARCHED:,} vectors, all looked at in each of {sum(PARTS)} searches, "
            f"for every `like` | {searched:.2f} |",
            f"| Bedrock: a text of {MOST_TOKENS} tokens for every `like`, with `meaning=bedrock` "
            f"| {worded:.2f} |",
            f"| Rekognition: a photo for every permission to upload, {calls:,} calls of one detector "
            f"| {dollars_for_calls(calls):.2f} |",
            f"| the same with `daily_call_limit=DetectLabels=20000` | {dollars_for_calls(20_000):.2f} |",
        ]
    )


def test_the_page_says_what_the_code_bounds() -> None:
    assert table() in PAGE.read_text(), f"docs/security.md is to hold this table:\n\n{table()}"


def test_every_route_with_data_has_its_worst_cost() -> None:
    told = (value for name, value in vars(answers).items() if name.endswith(("ROUTE", "ROUTES")))
    routes = {route for value in told for route in ([value] if isinstance(value, str) else value)}

    assert set(WORST_UNITS) == routes - {ACCESS_ROUTE, *STATIC_ROUTES}
    assert set(SQS_REQUESTS) == set(OPERATOR_ROUTES)


def test_no_caller_throttles_the_default_list_for_all_others() -> None:
    worst_partition = MAX_READ_BUDGET / ROWS_OF_A_UNIT / SHARDS

    assert SETTINGS.api_costly_requests_a_second * worst_partition <= PARTITION_UNITS_A_SECOND / 2
    assert SETTINGS.api_costly_burst * worst_partition <= PARTITION_UNITS_A_SECOND
    counting = COUNTED_READ_BUDGET / ROWS_OF_A_UNIT / SHARDS
    both = SETTINGS.api_costly_requests_a_second * (worst_partition + counting)
    assert both <= PARTITION_UNITS_A_SECOND * 3 / 4
