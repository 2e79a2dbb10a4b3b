"""The network that makes a face comparable, as ONNX, from the weights alone.

It is dlib's `dlib_face_recognition_resnet_model_v1` (Davis King, https://github.com/davisking/dlib-models): a
ResNet of 29 convolutions over a face of 150 pixels, whose 128 numbers lie near each other for one person. The
layers are those of `FaceRecognitionNet` in https://github.com/vladmandic/face-api, where its weights are kept
as numbers of 8 bits. What scales the answer of a convolution is folded into it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local.rekognition.models.onnx_graph import Array, OnnxGraph
from local.rekognition.models.tfjs_files import read_weights

CHIP_PIXELS = 150
NUMBERS = 128

_VALID = [0, 0, 0, 0]
_AROUND_3 = [1, 1, 1, 1]


@dataclass(frozen=True)
class _Data:
    """A value of the graph: its name, channels and side."""

    name: str
    channels: int
    side: int


class _Builder:
    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights
        self.graph = OnnxGraph("face-descriptors")

    def convolve(self, data: _Data, name: str, *, down: bool = False, relu: bool = True) -> _Data:
        """Add a convolution with its scale: of stride 2 without a border, or of stride 1 with one."""
        scale = self.weights[f"{name}/scale/weights"]
        bias = self.weights[f"{name}/conv/bias"] * scale + self.weights[f"{name}/scale/biases"]
        kernel = self.weights[f"{name}/conv/filters"].transpose(3, 2, 0, 1) * scale[:, None, None, None]
        padding, side = (_VALID, (data.side - kernel.shape[2]) // 2 + 1) if down else (_AROUND_3, data.side)
        done = self.graph.convolution(data.name, kernel, bias, name, stride=2 if down else 1, padding=padding)
        return self.relu(_Data(done, kernel.shape[0], side)) if relu else _Data(done, kernel.shape[0], side)

    def relu(self, data: _Data) -> _Data:
        return _Data(self.graph.node("Relu", [data.name], f"{data.name}/relu"), data.channels, data.side)

    def pool(self, data: _Data, operator: str, size: int) -> _Data:
        name = self.graph.node(
            operator, [data.name], f"{data.name}/pool", kernel_shape=[size, size], strides=[2, 2]
        )
        return _Data(name, data.channels, (data.side - size) // 2 + 1)

    def grow(self, data: _Data, channels: int, side: int) -> _Data:
        """Return the data with zeros behind it, in each of the last three dimensions."""
        if (data.channels, data.side) == (channels, side):
            return data
        more = side - data.side
        ends = [0, 0, 0, 0, 0, channels - data.channels, more, more]
        pads = self.graph.weight(f"{data.name}/zeros", np.array(ends, dtype=np.int64))
        return _Data(self.graph.node("Pad", [data.name, pads], f"{data.name}/grown"), channels, side)

    def residual(self, data: _Data, name: str) -> _Data:
        """Add a block; one whose name has `down` halves the side, and may double the channels."""
        down = "down" in name
        inner = self.convolve(data, f"{name}/conv1", down=down)
        inner = self.convolve(inner, f"{name}/conv2", relu=False)
        beside = self.pool(data, "AveragePool", 2) if down else data
        shape = max(inner.channels, beside.channels), max(inner.side, beside.side)
        inner, beside = self.grow(inner, *shape), self.grow(beside, *shape)
        return self.relu(_Data(self.graph.node("Add", [inner.name, beside.name], f"{name}/sum"), *shape))


_BLOCKS = (
    *("conv32_1", "conv32_2", "conv32_3"),
    *("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2"),
    *("conv256_down", "conv256_1", "conv256_2", "conv256_down_out"),
)


def build(manifest: Path, destination: Path) -> None:
    """Write the network: `chips` (N, 3, 150, 150), RGB less its mean, by 255, to `descriptors` (N, 128)."""
    builder = _Builder(read_weights(manifest))
    graph = builder.graph
    data = _Data(graph.input("chips", ("n", 3, CHIP_PIXELS, CHIP_PIXELS)), 3, CHIP_PIXELS)
    data = builder.pool(builder.convolve(data, "conv32_down", down=True), "MaxPool", 3)
    for name in _BLOCKS:
        data = builder.residual(data, name)
    pooled = graph.node("ReduceMean", [data.name], "pooled", axes=[2, 3], keepdims=0)
    graph.node("MatMul", [pooled, graph.weight("fc", builder.weights["fc"])], "descriptors")
    graph.output("descriptors", ("n", NUMBERS))
    graph.save(destination)
