"""The tally's entry: changes of the table in; how many images are counted for something else out."""

from typing import Any

from processors.tally_wiring import answer


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Count what has changed. An event that raises is sent again until it does not.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    return answer()(event, context)
