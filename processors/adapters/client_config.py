"""How the clients of a Lambda are set up."""

from __future__ import annotations

from functools import partial

from aws.client_config import client_config
from contract.timing import CALL_SECONDS

lambda_config = partial(client_config, connect_seconds=3, read_seconds=CALL_SECONDS)
