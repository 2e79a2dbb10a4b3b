"""The meaning function put together, once for each Lambda environment, by its entry."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import onnxruntime  # type: ignore[import-untyped]
from aws_lambda_powertools import Logger

from processors.meaning.meaning_function import MeaningAnswers
from processors.meaning.text_model import TextModel

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers: the model stands beside the packages of the zip."""
    function = MeaningAnswers(TextModel.below(Path(onnxruntime.__file__).parent.parent))

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return function.answer(event)

    return cast("Answering", Logger().inject_lambda_context(work))
