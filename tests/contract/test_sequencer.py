"""The order of one key's events."""

from hypothesis import example, given
from hypothesis import strategies as st

from contract.notifications import canonical_sequencer as canonical

sequencers = st.text("0123456789ABCDEFabcdef", min_size=1, max_size=24)


def order_as_s3_says(one: str, other: str) -> int:
    """Pad the shorter with zeros on the right, then compare as text."""
    length = max(len(one), len(other))
    left, right = one.upper().ljust(length, "0"), other.upper().ljust(length, "0")
    return (left > right) - (left < right)


@given(sequencers, sequencers)
@example("00A1", "00A100")
@example("00a1", "00A1")
@example("B", "AB01")
def test_canonical_text_order_is_the_order_that_s3_defines(one: str, other: str) -> None:
    left, right = canonical(one), canonical(other)

    assert (left > right) - (left < right) == order_as_s3_says(one, other)


@given(sequencers)
def test_no_sequencer_comes_before_every_other(sequencer: str) -> None:
    assert canonical("") <= canonical(sequencer)
