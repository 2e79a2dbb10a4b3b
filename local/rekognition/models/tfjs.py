"""TensorFlow.js graph models as ONNX: NHWC becomes NCHW, fused operators are split.

Only the operators of the models in `pins.json` are known; another one raises `UnknownOperatorError`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from local.rekognition.models.onnx_graph import Array, OnnxGraph
from local.rekognition.models.tfjs_files import Node, read_graph_model
from local.rekognition.models.tfjs_rewrites import fuse_hard_swish

_PLAIN = {
    "Add": "Add",
    "AddV2": "Add",
    "Mul": "Mul",
    "Minimum": "Min",
    "Maximum": "Max",
    "Relu": "Relu",
    "Sigmoid": "Sigmoid",
    "Identity": "Identity",
}
_PADDING = {"SAME": "SAME_UPPER", "VALID": "VALID"}


class UnknownOperatorError(Exception):
    """The graph uses an operator that this converter was never taught."""


class _Converter:
    def __init__(self, name: str, constants: dict[str, Array]) -> None:
        self.graph = OnnxGraph(name)
        self.constants = constants
        special: dict[str, Callable[[Node], None]] = {
            "Placeholder": self.placeholder,
            "Const": lambda _: None,
            "Conv2D": self.convolution,
            "_FusedConv2D": self.convolution,
            "DepthwiseConv2dNative": self.depthwise,
            "FusedDepthwiseConv2dNative": self.depthwise,
            "_FusedMatMul": self.matrix,
            "Mean": self.mean,
            "Relu6": lambda node: self.finish(node, self.graph.clip(node.inputs[0], 0.0, 6.0, node.name)),
            "Softmax": lambda node: self.finish(
                node, self.graph.node("Softmax", [node.inputs[0]], node.name)
            ),
            "HardSwish": self.hard_swish,
            "ConcatV2": self.concatenate,
            "ResizeBilinear": self.double,
            "MaxPool": self.pool,
        }
        self.operators = special | dict.fromkeys(_PLAIN, self.plain)

    def convert(self, node: Node) -> None:
        if node.operator not in self.operators:
            raise UnknownOperatorError(f"no rule for {node.operator}, used by {node.name}")
        self.operators[node.operator](node)

    def finish(self, node: Node, result: str) -> None:
        """Add the fused activation, if any, and give the last value the node's name."""
        if "Relu" in node.texts("fused_ops"):
            result = self.graph.node("Relu", [result], f"{node.name}/activated")
        if result != node.name:
            self.graph.node("Identity", [result], node.name)

    def operand(self, name: str) -> str:
        """A value, or a constant with its channels moved to the second axis."""
        if name not in self.constants:
            return name
        value = self.constants[name]
        if value.ndim == 1:
            value = value.reshape(1, -1, 1, 1)
        elif value.ndim == 4:  # noqa: PLR2004
            value = value.transpose(0, 3, 1, 2)
        return self.graph.weight(name, value)

    def placeholder(self, node: Node) -> None:
        channels = int(node.attributes["shape"]["shape"]["dim"][-1]["size"])
        self.graph.input(node.name, ("n", channels, "height", "width"))

    def plain(self, node: Node) -> None:
        self.graph.node(_PLAIN[node.operator], [self.operand(name) for name in node.inputs], node.name)

    def _bias(self, node: Node) -> Array | None:
        return self.constants[node.inputs[2]] if len(node.inputs) > 2 else None  # noqa: PLR2004

    def _convolve(self, node: Node, kernel: Array, groups: int) -> None:
        result = self.graph.convolution(
            node.inputs[0],
            kernel,
            self._bias(node),
            f"{node.name}/convolved",
            stride=node.numbers("strides")[1],
            groups=groups,
            padding=_PADDING[node.text("padding")],
        )
        self.finish(node, result)

    def convolution(self, node: Node) -> None:
        self._convolve(node, self.constants[node.inputs[1]].transpose(3, 2, 0, 1), 1)

    def depthwise(self, node: Node) -> None:
        kernel = self.constants[node.inputs[1]]
        height, width, channels, multiplier = kernel.shape
        kernel = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        self._convolve(node, kernel, channels)

    def matrix(self, node: Node) -> None:
        names = [self.graph.weight(name, self.constants[name]) for name in node.inputs[1:]]
        self.finish(node, self.graph.node("Gemm", [node.inputs[0], *names], f"{node.name}/product"))

    def mean(self, node: Node) -> None:
        keep = int(node.flag("keep_dims"))
        self.graph.node("ReduceMean", [node.inputs[0]], node.name, axes=[2, 3], keepdims=keep)

    def hard_swish(self, node: Node) -> None:
        """Two fused operators: the runtimes we use have no kernel for ONNX's own HardSwish."""
        gate = self.graph.node("HardSigmoid", [node.inputs[0]], f"{node.name}/gate", alpha=1 / 6, beta=0.5)
        self.graph.node("Mul", [node.inputs[0], gate], node.name)

    def concatenate(self, node: Node) -> None:
        self.graph.node("Concat", [self.operand(name) for name in node.inputs[:-1]], node.name, axis=1)

    def double(self, node: Node) -> None:
        """Each bilinear resize of these models doubles both sides."""
        scales = self.graph.weight("constant/double", np.array([1, 1, 2, 2], dtype=np.float32))
        self.graph.node(
            "Resize",
            [node.inputs[0], "", scales],
            node.name,
            mode="linear",
            coordinate_transformation_mode="asymmetric",
        )

    def pool(self, node: Node) -> None:
        size, stride = node.numbers("ksize")[1], node.numbers("strides")[1]
        self.graph.node(
            "MaxPool",
            [node.inputs[0]],
            node.name,
            kernel_shape=[size, size],
            strides=[stride, stride],
            auto_pad=_PADDING[node.text("padding")],
        )


def build(topology: Path, destination: Path, outputs: dict[str, tuple[int | str, ...]]) -> None:
    """Convert what the nodes `outputs` depend on; values are their shapes in NCHW."""
    model = fuse_hard_swish(read_graph_model(topology))
    converter = _Converter(topology.stem, model.constants)
    for node in model.needed_for(tuple(outputs)):
        converter.convert(node)
    for name, shape in outputs.items():
        converter.graph.output(name, shape)
    converter.graph.save(destination)
