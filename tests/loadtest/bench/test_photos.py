from pathlib import Path

import pytest
from PIL import Image

from loadtest.bench import photos


def test_time_and_memory_of_each_kind_stand_beside_plain_pillow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "SIZE", (800, 600))
    monkeypatch.setattr(
        photos, "KINDS", {name: photos.KINDS[name] for name in ("JPEG", "JPEG, CMYK", "PNG, alpha")}
    )
    monkeypatch.setattr(photos, "SAMPLES", tmp_path / "samples")
    photos.SAMPLES.mkdir()
    Image.new("RGB", (200, 150), "red").save(photos.SAMPLES / "a.jpg")

    found = photos.figures(tmp_path / "scratch", lambda _: None, rounds=1)

    assert [(figure.what, figure.unit) for figure in found] == [
        (what, unit)
        for what in ("JPEG, 12 MP: thumbnail", "JPEG, CMYK, 12 MP: view", "PNG, alpha, 12 MP: thumbnail")
        for unit in ("ms", "MiB")
    ]
    assert all(figure.ratio and 0 < figure.ratio < 20 for figure in found)
    # A peak is the process's own, and not that of who has started it.
    assert all(figure.value < 150 for figure in found if figure.unit == "MiB")
