"""Weights become networks."""

import collections
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from local.rekognition.models.elf_symbols import UnreadableLibraryError, read_float_arrays
from local.rekognition.models.onnx_graph import OnnxGraph
from local.rekognition.models.sessions import MissingModelsError, load_network
from local.rekognition.models.tfjs_files import GraphModel, Node, read_weights
from local.rekognition.models.tfjs_rewrites import fuse_hard_swish
from local.rekognition.models.torch_weights import UnreadableWeightsError, read_state_dict

MAGIC = 0x1950A86A20F9469CFC6C


def torch_file(path: Path, state: object, storages: dict[str, bytes]) -> Path:
    with path.open("wb") as file:
        header: tuple[object, ...] = (MAGIC, 1001, {})
        for part in header:
            pickle.dump(part, file, protocol=2)
        pickle.dump(state, file, protocol=2)
        pickle.dump(list(storages), file, protocol=2)
        for data in storages.values():
            file.write(struct.pack("<q", len(data) // 4) + data)
    return path


def test_a_state_dict_without_tensors_is_read(tmp_path: Path) -> None:
    path = torch_file(tmp_path / "a.pth", collections.OrderedDict(), {})

    assert read_state_dict(path) == {}


class Foreign:
    def __reduce__(self) -> Any:
        return print, ("this must not run",)


def test_a_file_that_wants_to_run_something_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = torch_file(tmp_path / "a.pth", {"weight": Foreign()}, {})

    with pytest.raises(UnreadableWeightsError, match="print"):
        read_state_dict(path)
    assert capsys.readouterr().out == ""


def test_another_file_is_not_taken_for_weights(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(pickle.dumps(5))

    with pytest.raises(UnreadableWeightsError):
        read_state_dict(tmp_path / "a.pth")


def test_another_file_is_not_taken_for_a_library(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(b"MZ" + bytes(100))

    with pytest.raises(UnreadableLibraryError):
        read_float_arrays(tmp_path / "a.so")


def test_a_graph_is_written_and_runs(tmp_path: Path) -> None:
    graph = OnnxGraph("test")
    data = graph.input("images", ("n", 1, "height", "width"))
    kernel = np.ones((1, 1, 3, 3), dtype=np.float32)
    data = graph.convolution(data, kernel, np.array([1.0]), "sum")
    graph.clip(data, 0.0, 6.0, "result")
    graph.output("result", ("n", 1, "height", "width"))
    graph.save(tmp_path / "test.onnx")

    result = load_network(tmp_path, "test").run(np.ones((1, 1, 3, 3), dtype=np.float32))["result"]

    assert result[0, 0].tolist() == [[5, 6, 5], [6, 6, 6], [5, 6, 5]]


def test_a_missing_network_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(MissingModelsError, match=r"local\.rekognition\.download_models"):
        load_network(tmp_path, "yunet")


def test_weights_kept_as_whole_numbers_are_spread_over_their_range(tmp_path: Path) -> None:
    (tmp_path / "all.bin").write_bytes(bytes([0, 1, 255]) + struct.pack("<2f", 1.5, -2.0))
    eight_bits = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    manifest = [
        {
            "paths": ["all.bin"],
            "weights": [
                {"name": "few", "shape": [3], "dtype": "float32", "quantization": eight_bits},
                {"name": "whole", "shape": [1, 2], "dtype": "float32"},
            ],
        }
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    weights = read_weights(tmp_path / "manifest.json")

    assert weights["few"].tolist() == [-1.0, -0.5, 126.5]
    assert weights["whole"].tolist() == [[1.5, -2.0]]


def swish_model(sixth: float) -> GraphModel:
    nodes = (
        Node("x", "Placeholder", (), {}),
        Node("three", "Const", (), {}),
        Node("sixth", "Const", (), {}),
        Node("scaled", "Mul", ("sixth", "x"), {}),
        Node("added", "Add", ("x", "three"), {}),
        Node("clipped", "Relu6", ("added",), {}),
        Node("result", "Mul", ("scaled", "clipped"), {}),
    )
    return GraphModel(nodes, {"three": np.array(3.0), "sixth": np.array(sixth)})


def test_a_swish_in_four_pieces_becomes_one() -> None:
    fused = fuse_hard_swish(swish_model(0.1666))

    needed = list(fused.needed_for(("result",)))
    assert [(node.name, node.operator) for node in needed] == [("x", "Placeholder"), ("result", "HardSwish")]


def test_another_product_is_left_alone() -> None:
    model = swish_model(0.5)

    assert fuse_hard_swish(model) == model
