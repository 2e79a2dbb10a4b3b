"""Writing an ONNX graph node by node."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # the oldest runtime we install (1.23, Macs with Intel processors) reads this

Array = NDArray[Any]
Shape = tuple[int | str, ...]


class OnnxGraph:
    """Nodes and weights in the order they were added; layout NCHW. `save` writes the file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Shape) -> str:
        """Declare a float32 input; a text in `shape` is a free dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def output(self, name: str, shape: Shape) -> None:
        """Declare a float32 output."""
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def weight(self, name: str, value: Array) -> str:
        """Store an array in the file, once a name."""
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node with one output, called `name`."""
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def convolution(
        self,
        data: str,
        kernel: Array,
        bias: Array | None,
        name: str,
        *,
        stride: int = 1,
        groups: int = 1,
        padding: str | list[int] = "SAME_UPPER",
    ) -> str:
        """Add a convolution; `kernel` is (out, in / groups, height, width), `padding` a mode or sizes."""
        inputs = [data, self.weight(f"{name}/kernel", kernel.astype(np.float32))]
        if bias is not None:
            inputs.append(self.weight(f"{name}/bias", bias.astype(np.float32)))
        how: dict[str, Any] = {"auto_pad": padding} if isinstance(padding, str) else {"pads": padding}
        height, width = kernel.shape[2:]
        return self.node(
            "Conv", inputs, name, strides=[stride, stride], group=groups, kernel_shape=[height, width], **how
        )

    def clip(self, data: str, low: float, high: float, name: str) -> str:
        """Add a clip to `low`..`high`."""
        bounds = [
            self.weight(f"constant/{value}", np.array(value, dtype=np.float32)) for value in (low, high)
        ]
        return self.node("Clip", [data, *bounds], name)

    def save(self, path: Path) -> None:
        """Check the graph and write it to `path`."""
        graph = helper.make_graph(
            self._nodes, self.name, self._inputs, self._outputs, list(self._weights.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())
