import shutil

import pytest
from _pytest.outcomes import Failed, OutcomeException, Skipped

from tests.page.conftest import browser_path


@pytest.mark.parametrize(
    ("ci", "outcome"), [("true", Failed), ("1", Failed), ("", Skipped), ("false", Skipped)]
)
def test_without_a_browser_tests_fail_in_ci_and_are_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[OutcomeException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(outcome, match="no browser is installed"):
        browser_path()
