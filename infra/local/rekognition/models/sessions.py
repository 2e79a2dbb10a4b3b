"""Loading the ONNX files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class MissingModelsError(Exception):
    """The folder does not hold the models; the message says how to get them."""


@dataclass(frozen=True)
class Network:
    """One network; safe to run from several threads at once, each run on one core."""

    name: str
    session: Any  # an onnxruntime.InferenceSession, which has no types

    def run(self, values: Floats, outputs: list[str] | None = None) -> dict[str, Floats]:
        """Run on a batch (N, C, H, W); the outputs by name."""
        names = outputs or [output.name for output in self.session.get_outputs()]
        results: list[Any] = list(self.session.run(names, {self.session.get_inputs()[0].name: values}))
        return dict(zip(names, results, strict=True))


LoadNetwork = Callable[[str], Network]
"""Gives a network by name. Raises `MissingModelsError`."""


def load_network(folder: Path, name: str) -> Network:
    """Load `NAME.onnx`. Raises `MissingModelsError`."""
    import onnxruntime  # type: ignore[import-untyped]

    path = folder / f"{name}.onnx"
    if not path.is_file():
        raise MissingModelsError(
            f"no {path.name} in {folder}: run `python -m infra.local.rekognition.obtain --into {folder}`"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return Network(name, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
