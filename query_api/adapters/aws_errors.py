"""What AWS's failures mean to whoever asks.

A request that AWS finds wrong is the deployment's fault (no such table, no permission, no valid credentials)
or ours; in both cases asking again does not help.
"""

from __future__ import annotations

from aws.errors import ErrorTranslator
from contract.errors import ConfigurationError, TransientError

translated = ErrorTranslator(
    passing=TransientError, refused_request=ConfigurationError, unknown=ConfigurationError
)
