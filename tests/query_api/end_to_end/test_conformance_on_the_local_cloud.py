"""What every table must do, the local cloud's does as well: the same tests on another table."""

from tests.query_api.test_conformance import *  # noqa: F403
