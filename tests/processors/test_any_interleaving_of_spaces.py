"""The same while spaces of vectors are filled and switched, and what makes vectors goes and comes back."""

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from contract.meaning import BEDROCK_SPACE, INVOKE_MODEL, SPACE
from contract.notifications import look_again
from contract.settings import ProcessorSettings
from contract.table import meaning_term
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import BULK
from tests.processors.test_any_interleaving import PROFILE, InterleavingsWithPictures
from tests.processors.test_two_spaces import OF_LABELS
from tests.processors.world import WITH_BOTH, WITH_SIGHT

SPACES = {meaning_term(SPACE), meaning_term(BEDROCK_SPACE)}


class InterleavingsOfSpaces(InterleavingsWithPictures):
    """What could not be had is asked for by messages of the processor's own, which come as others."""

    settings = WITH_BOTH

    @rule(of_labels=st.booleans(), of_pictures=st.booleans())
    def makers_of_vectors_go_or_come_back(self, *, of_labels: bool, of_pictures: bool) -> None:
        self.world.meanings.crashes, self.world.meanings.denies = of_labels, of_pictures

    @rule(settings=st.sampled_from([OF_LABELS, WITH_BOTH, WITH_SIGHT]), fills=st.booleans())
    def deploy(self, settings: ProcessorSettings, *, fills: bool) -> None:
        self.world.use(settings)
        if fills:
            self._fill()

    def _fill(self) -> None:
        keys = sorted(self.world.s3.objects)
        if keys:
            self._send(look_again(BUCKET, keys, f"2026-02-01T00:00:00.{len(self.told):03d}Z"))

    def _hand_over(self, batch: list[Any]) -> None:
        super()._hand_over(batch)
        for sent in self.world.queues.sent:
            assert sent.queue_url == BULK
            self._send(sent.body)
        self.world.queues.sent.clear()

    def teardown(self) -> None:
        self.world.meanings.crashes = self.world.meanings.denies = False
        self.world.use(WITH_BOTH)
        self._fill()
        super().teardown()

    def terms_of(self, body: bytes) -> set[str]:
        terms = super().terms_of(body)
        return terms | SPACES if "status:recognized" in terms else terms

    def _paid(self) -> Counter[tuple[Any, ...]]:
        seen = {(INVOKE_MODEL, body): times for body, times in self.world.meanings.seen.items()}
        return super()._paid() + Counter(seen)


TestInterleavingsOfSpaces = InterleavingsOfSpaces.TestCase
TestInterleavingsOfSpaces.settings = PROFILE
