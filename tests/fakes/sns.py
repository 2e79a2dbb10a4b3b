"""A topic in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.calls import Calls


@dataclass
class FakeSNS:
    """Keeps what was published. `refuse` counts how many entries are still to be refused."""

    calls: Calls = field(default_factory=Calls)
    published: list[dict[str, Any]] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)
    refuse: int = 0

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Take a batch as SNS does: 200 even if some entries are refused."""
        with self.calls.of("PublishBatch"):
            assert len(PublishBatchRequestEntries) <= 10
            self.batch_sizes.append(len(PublishBatchRequestEntries))
            failed = PublishBatchRequestEntries[: self.refuse]
            self.refuse -= len(failed)
            taken = PublishBatchRequestEntries[len(failed) :]
            self.published += [json.loads(entry["Message"]) for entry in taken]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed
            ],
        }
