"""When an answer may be put where it is kept: it is not there, will not be soon, or is about to go."""

from contract.timing import RESULTS_UNSAFE_SECONDS

# Nobody has asked, or whoever was about to is no more, or what was answered is about to go.
CLAIM_CONDITION = (
    "attribute_not_exists(pk) OR (attribute_not_exists(answer) AND claimed_until < :now) "
    "OR (attribute_exists(answer) AND expires_at < :soon)"
)


def claim_values(now: int) -> dict[str, int]:
    """Return what the condition goes by; `now` is in seconds since 1970."""
    return {":now": now, ":soon": now + RESULTS_UNSAFE_SECONDS}
