"""Several regions at one address: each with quotas, counts and outages of its own, as their endpoints have.

A client signs for one region (the credential scope of SigV4), so that product code needs to know nothing of
this: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html. Regions that were
never set up by `/_local/settings?region=…` are the one of everybody.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.rekognition.service import RekognitionService

_SCOPE = re.compile(r"Credential=[^/]*/\d{8}/([a-z0-9-]+)/rekognition/aws4_request")
_NAME = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass
class RegionalServices:
    """The service of everybody, and those of regions that were set up. `new` makes one more, of a name."""

    main: "RekognitionService"
    new: "Callable[[str], RekognitionService]"
    _others: "dict[str, RekognitionService]" = field(default_factory=dict)

    def signed_for(self, authorization: str) -> "RekognitionService":
        """Return who answers a request with this header."""
        scope = _SCOPE.search(authorization)
        return self._others.get(scope[1], self.main) if scope else self.main

    def named(self, region: str) -> "RekognitionService | None":
        """Return the service of a region, set up by this; everybody's for no name, None for a strange one."""
        if not region:
            return self.main
        if not _NAME.fullmatch(region):
            return None
        return self._others.setdefault(region, self.new(region))
