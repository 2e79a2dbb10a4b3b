"""How clients of AWS are set up: they give up soon. What is tried again is tried again above them."""

from typing import Any

from botocore.config import Config


def client_config(
    *, connect_seconds: float, read_seconds: float, attempts: int = 1, connections: int = 10, **more: Any
) -> Config:
    """Return the configuration of a client that makes so many attempts, over so many connections at most."""
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        max_pool_connections=connections,
        **more,
    )
