"""Putting back together what TensorFlow.js took apart."""

from dataclasses import replace

import numpy as np

from local.rekognition.models.tfjs_files import GraphModel, Node


def _constant_and_value(node: Node, model: GraphModel, number: float) -> str | None:
    """The other input of a node one of whose inputs is the constant `number`."""
    for constant, value in (node.inputs, node.inputs[::-1]):
        array = model.constants.get(constant)
        if array is not None and array.size == 1 and np.isclose(float(array), number, rtol=1e-3):
            return value
    return None


def fuse_hard_swish(model: GraphModel) -> GraphModel:
    """`(x / 6) * relu6(x + 3)`, four passes over the values, becomes one operator `HardSwish`."""
    by_name = {node.name: node for node in model.nodes}

    def source(name: str, operator: str, number: float) -> str | None:
        node = by_name[name]
        return _constant_and_value(node, model, number) if node.operator == operator else None

    def swished(node: Node) -> str | None:
        if node.operator != "Mul":
            return None
        for scaled, clipped in (node.inputs, node.inputs[::-1]):
            inner = by_name[clipped]
            value = source(scaled, "Mul", 1 / 6)
            if value and inner.operator == "Relu6" and source(inner.inputs[0], "Add", 3.0) == value:
                return value
        return None

    nodes = []
    for node in model.nodes:
        value = swished(node)
        nodes.append(replace(node, operator="HardSwish", inputs=(value,)) if value else node)
    return GraphModel(tuple(nodes), model.constants)
