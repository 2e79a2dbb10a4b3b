from pathlib import Path

import pytest

from loadtest import LoadtestError
from loadtest.bench.starting import CLIENTS, Comparison, Program, import_figures, making_clients


def test_a_program_sees_its_path_and_the_standard_library_alone(tmp_path: Path) -> None:
    (tmp_path / "deployed.py").write_text("import json")
    wall_ms, cpu_ms = Program("import deployed", (tmp_path,), {}).run()
    assert wall_ms > 0
    assert cpu_ms > 0
    with pytest.raises(LoadtestError, match="No module named 'boto3'"):
        Program("import boto3", (tmp_path,), {}).run()


@pytest.mark.parametrize("writes_bytecode", [True, False])
def test_bytecode_is_written_only_where_it_is_asked_for(tmp_path: Path, writes_bytecode: bool) -> None:
    (tmp_path / "deployed.py").write_text("")
    Program("import deployed", (tmp_path,), {}).run(writes_bytecode=writes_bytecode)
    assert (tmp_path / "__pycache__").exists() is writes_bytecode


def test_every_variant_is_held_against_the_same_baseline(tmp_path: Path) -> None:
    bare, ours = Program("pass", (), {}), Program("import json", (), {})
    said: list[str] = []
    found = import_figures([Comparison("room", bare, {"a": ours, "b": ours})], 2, said.append)
    assert [figure.what for figure in found] == [
        "room, a: wall", "room, a: processor time", "room, b: wall", "room, b: processor time",
    ]  # fmt: skip
    assert found[0].baseline == found[2].baseline
    assert len(said) == 2


def test_the_bare_program_makes_each_client() -> None:
    for names in CLIENTS.values():
        assert all(f"session.client({name!r})" in making_clients(names) for name in names)
