"""Which objects of a bucket are the pipeline's: all, or those whose keys begin and end as it was set."""

from collections.abc import Mapping
from typing import NamedTuple


class KeyFilter(NamedTuple):
    """Keys that begin with `prefix` and end with one of `suffixes`, or anyhow where there are none.

    As in S3, capitals matter: `.jpg` is not `.JPG`.
    """

    prefix: str = ""
    suffixes: tuple[str, ...] = ()

    def accepts(self, key: str) -> bool:
        """Return whether a key is meant. Prefix and suffix do not share characters, as in the pattern."""
        if not key.startswith(self.prefix):
            return False
        rest = key[len(self.prefix) :]
        return not self.suffixes or rest.endswith(self.suffixes)

    def listed_prefix(self, prefix: str) -> str | None:
        """Return what to list to see the meant keys under a prefix; None where there can be none."""
        if prefix.startswith(self.prefix):
            return prefix
        return self.prefix if self.prefix.startswith(prefix) else None

    def pattern(self) -> list[Mapping[str, str]]:
        """Return the same as EventBridge says it; nothing where all keys are meant.

        The conditions of one field are alternatives, so beginning and end are one condition: a wildcard, in
        which a star and a backslash are escaped.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
        """
        if not self.suffixes:
            return [{"prefix": self.prefix}] if self.prefix else []
        if not self.prefix:
            return [{"suffix": suffix} for suffix in self.suffixes]
        return [{"wildcard": f"{_escaped(self.prefix)}*{_escaped(suffix)}"} for suffix in self.suffixes]

    def __str__(self) -> str:
        ends = f" that end with {', '.join(self.suffixes)}" if self.suffixes else ""
        return f"{self.prefix or 'all keys'}{'…' if self.prefix else ''}{ends}"


EVERY_KEY = KeyFilter()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*")
