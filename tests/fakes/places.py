"""The places of a conformance suite, and where one is known to differ from what AWS documents."""

import pytest

PLACES = ("fake", "moto", "local cloud")


def differs(*, moto: str = "", local_cloud: str = "") -> pytest.MarkDecorator:
    """Expect a test to fail where an emulator differs, for these reasons. The fake follows the documents."""
    reasons = {"moto": moto, "local cloud": local_cloud}
    places = [
        pytest.param(place, marks=pytest.mark.xfail(strict=True, reason=reasons[place]))
        if reasons.get(place)
        else place
        for place in PLACES
    ]
    return pytest.mark.parametrize("place", places, indirect=True)
