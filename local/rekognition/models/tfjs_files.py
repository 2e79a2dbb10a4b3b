"""Reading a TensorFlow.js model: topology and weights."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from local.rekognition.models.onnx_graph import Array


@dataclass(frozen=True)
class Node:
    """One operation; `inputs` are names of nodes."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]

    def texts(self, name: str) -> list[str]:
        """A list of texts, such as `fused_ops`; the file has them in base64."""
        values = self.attributes.get(name, {}).get("list", {}).get("s", [])
        return [base64.b64decode(value).decode() for value in values]

    def text(self, name: str) -> str:
        """A text, such as `padding`."""
        return base64.b64decode(self.attributes[name]["s"]).decode()

    def numbers(self, name: str) -> list[int]:
        """A list of integers, such as `strides`."""
        return [int(value) for value in self.attributes[name]["list"].get("i", [])]

    def flag(self, name: str) -> bool:
        """A truth value, false when absent."""
        return bool(self.attributes.get(name, {}).get("b", False))


@dataclass(frozen=True)
class GraphModel:
    """A graph in topological order and the arrays of its constants, in TensorFlow's layout."""

    nodes: tuple[Node, ...]
    constants: dict[str, Array]

    def needed_for(self, outputs: tuple[str, ...]) -> Iterator[Node]:
        """The operations that `outputs` depend on, inputs before users."""
        by_name = {node.name: node for node in self.nodes}
        done: set[str] = set()

        def visit(name: str) -> Iterator[Node]:
            if name in done:
                return
            done.add(name)
            for source in by_name[name].inputs:
                yield from visit(source)
            yield by_name[name]

        for output in outputs:
            yield from visit(output)


def _weights(manifest: list[dict[str, Any]], folder: Path) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for group in manifest:
        data = b"".join((folder / name).read_bytes() for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            stored = entry.get("quantization", entry)
            kind = np.dtype(stored["dtype"])
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(data, dtype=kind, count=count, offset=offset).astype(entry["dtype"])
            offset += count * kind.itemsize
            if "scale" in stored:  # whole numbers, evenly spread over a range
                values = values * np.float32(stored["scale"]) + np.float32(stored["min"])
            arrays[entry["name"]] = values.reshape(entry["shape"])
    return arrays


def read_weights(manifest: Path) -> dict[str, Array]:
    """Read a manifest of weights that comes without a graph, and the files beside it that it names."""
    return _weights(json.loads(manifest.read_text()), manifest.parent)


def read_graph_model(topology: Path) -> GraphModel:
    """Read `NAME.json` and the weight files beside it that it names."""
    document = json.loads(topology.read_text())
    nodes = tuple(
        Node(
            node["name"],
            node["op"],
            tuple(name.split(":")[0].lstrip("^") for name in node.get("input", [])),
            node.get("attr", {}),
        )
        for node in document["modelTopology"]["node"]
    )
    return GraphModel(nodes, _weights(document["weightsManifest"], topology.parent))
