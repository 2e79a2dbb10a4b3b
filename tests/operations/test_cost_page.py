"""docs/cost.md is what the model says."""

from pathlib import Path

from operations.cost_page import page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_model_says() -> None:
    assert (ROOT / "docs/cost.md").read_text() == page(), (
        "write it anew: imagepipe cost --markdown > docs/cost.md"
    )
