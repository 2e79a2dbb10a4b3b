"""EfficientNet-Lite0 as ONNX, from the weights alone.

The blocks are those of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite:
no squeeze-and-excitation, ReLU6 in place of swish, stem and head of fixed width. Every batch
normalisation is folded into the convolution before it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local.rekognition.models.onnx_graph import Array, OnnxGraph
from local.rekognition.models.torch_weights import read_state_dict

_EPSILON = 1e-3


@dataclass(frozen=True)
class Stage:
    """`repeats` inverted residual blocks; only the first one has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int


STAGES = (
    Stage(1, 3, 1, 1),
    Stage(2, 3, 2, 6),
    Stage(2, 5, 2, 6),
    Stage(3, 3, 2, 6),
    Stage(3, 5, 1, 6),
    Stage(4, 5, 2, 6),
    Stage(1, 3, 1, 6),
)


class _Builder:
    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights
        self.graph = OnnxGraph("efficientnet-lite0")

    def convolution(
        self, data: str, name: str, norm: str, *, stride: int = 1, depthwise: bool = False
    ) -> str:
        kernel = self.weights[f"{name}.weight"]
        scale = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"] + _EPSILON)
        bias = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        kernel = kernel * scale[:, None, None, None]
        groups = kernel.shape[0] if depthwise else 1
        return self.graph.convolution(data, kernel, bias, name, stride=stride, groups=groups)

    def relu6(self, data: str) -> str:
        return self.graph.clip(data, 0.0, 6.0, f"{data}/relu6")

    def block(self, data: str, number: int, stage: Stage, stride: int) -> str:
        name = f"_blocks.{number}"
        inner = data
        if stage.expansion > 1:
            inner = self.relu6(self.convolution(inner, f"{name}._expand_conv", f"{name}._bn0"))
        inner = self.relu6(
            self.convolution(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, depthwise=True)
        )
        return self.convolution(inner, f"{name}._project_conv", f"{name}._bn2")


def build(weights_file: Path, destination: Path) -> None:
    """Write the classifier: `images` (N, 3, H, W), RGB, (value - 127) / 128, to `logits` (N, 1000)."""
    builder = _Builder(read_state_dict(weights_file))
    graph = builder.graph
    data = graph.input("images", ("n", 3, "height", "width"))
    data = builder.relu6(builder.convolution(data, "_conv_stem", "_bn0", stride=2))
    number = 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            result = builder.block(data, number, stage, stride)
            residual = repeat > 0
            data = graph.node("Add", [result, data], f"_blocks.{number}/add") if residual else result
            number += 1
    data = builder.relu6(builder.convolution(data, "_conv_head", "_bn1"))
    data = graph.node("GlobalAveragePool", [data], "pool")
    data = graph.node("Flatten", [data], "features")
    kernel, bias = builder.weights["_fc.weight"], builder.weights["_fc.bias"]
    inputs = [data, graph.weight("_fc/kernel", kernel), graph.weight("_fc/bias", bias)]
    graph.node("Gemm", inputs, "logits", transB=1)
    graph.output("logits", ("n", 1000))
    graph.save(destination)
