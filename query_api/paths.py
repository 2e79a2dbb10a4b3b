"""The object's key in the path of a request."""

from __future__ import annotations

IMAGES = "/images/"


def object_key(raw_path: str) -> str:
    """Read the key that `GET /images/{key+}` asks for out of the event's `rawPath`, without its stage.

    `rawPath` is not raw: an HTTP API decodes it before we see it, `%2F`, `%23` and `%2B` included, and a `+`
    stays a plus. So the key is simply all that follows `/images/`, slashes at either end and doubled
    slashes included; decoding again would break keys. (`pathParameters` loses a key's leading slashes where
    the API drops those of a path.)

    `%` and `?` are another matter. MiniStack leaves `%25` as it is and decodes everything else, so turning
    `%25` into `%` gives the key back exactly. AWS decodes twice: `%25` followed by anything but two
    hexadecimal digits is refused with 400, `%2541` arrives as `A`; and it cuts the path at a decoded `?`.
    Nobody can restore such a key from the path, so the same question can be asked as `GET /images?key=`:
    a query string arrives exactly as sent on both.

    MiniStack: `decode_http_api_path` in ministack/services/apigateway.py, 1.5.33. AWS: documented only as
    "decodes URL-encoded request parameters before passing them" on
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html; measured in
    July 2026 by https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json
    """
    return raw_path.removeprefix(IMAGES).replace("%25", "%")
