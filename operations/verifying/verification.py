"""One run of the checks: a prefix, a queue and a subscription of its own, and afterwards nothing of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from operations.verifying.checking import Check, Outcome, run_all
from operations.verifying.cleaning import Cleaning
from operations.verifying.site import Site

PREFIX = "imagepipe-verify/"
QUEUE_PREFIX = "imagepipe-verify-"


class Watch(Protocol):
    """Whoever is told how far it is."""

    def began(self, check: Check) -> None:
        """Hear that a check begins."""

    def cleaning(self) -> None:
        """Hear that no check is made any more."""


@dataclass
class Verification:
    """Makes checks on a site, and cleans up after them."""

    checks: Sequence[Check]
    site: Site
    cleaning: Cleaning
    watch: Watch

    def run(self) -> Iterator[Outcome]:
        """Subscribe, and make all checks. Whatever comes of it, `clean` has to be called afterwards."""
        subscriptions, name = self.site.inbox.subscriptions, self.cleaning.queue_name
        self.site.inbox.queue_url = subscriptions.make_queue(name)
        self.cleaning.queues.add(self.site.inbox.queue_url)
        subscriptions.subscribe(name)
        yield from run_all(self.checks, self.site, self.watch.began)

    def clean(self) -> list[str]:
        """Remove everything; return what is left, in words."""
        self.watch.cleaning()
        self.cleaning.keys |= set(self.site.expected)
        self.cleaning.contents |= self.site.contents
        return self.cleaning.run()
