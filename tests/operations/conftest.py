from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest) -> None:
    """Unit tests open no sockets; those against a running place do."""
    if (HERE / "end_to_end") not in request.path.parents:
        request.getfixturevalue("socket_disabled")
