"""The face detector of libfacedetection (YuNet) as ONNX.

Wei Wu, Hanyang Peng, Shiqi Yu: YuNet: A Tiny Millisecond-level Face Detector, 2023. The layers follow
`objectdetect_cnn` of https://github.com/ShiqiYu/libfacedetection. The weights are constants of a
shared library built for Linux on x86-64; only these numbers are read, so the result runs anywhere.
"""

from pathlib import Path

import numpy as np

from local.rekognition.models.elf_symbols import read_float_arrays
from local.rekognition.models.onnx_graph import Array, OnnxGraph

STRIDES = (8, 16, 32)


class _Builder:
    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights
        self.graph = OnnxGraph("yunet")

    def pair(self, data: str, name: str, *, relu: bool = True) -> str:
        """A 1x1 convolution, then a depthwise 3x3 one."""
        bias = self.weights[f"{name}_pw_bias"]
        kernel = self.weights[f"{name}_pw_weight"].reshape(bias.size, -1, 1, 1)
        data = self.graph.convolution(data, kernel, bias, f"{name}/pointwise")
        bias = self.weights[f"{name}_dw_bias"]
        kernel = self.weights[f"{name}_dw_weight"].reshape(9, bias.size).T.reshape(bias.size, 1, 3, 3)
        data = self.graph.convolution(
            data, kernel, bias, f"{name}/depthwise", groups=bias.size, padding=[1, 1, 1, 1]
        )
        return self.graph.node("Relu", [data], f"{name}/relu") if relu else data

    def unit(self, data: str, name: str) -> str:
        return self.pair(self.pair(data, f"{name}_dp1"), f"{name}_dp2")

    def pool(self, data: str) -> str:
        return self.graph.node("MaxPool", [data], f"{data}/pool", kernel_shape=[2, 2], strides=[2, 2])

    def stem(self, data: str) -> str:
        """The 3x3 convolution of stride 2, kept in the library as 1x1 over 27 (padded to 32) values."""
        bias = self.weights["backbone__model0_pw_bias"]
        flat = self.weights["backbone__model0_pw_weight"].reshape(bias.size, 32)[:, :27]
        kernel = flat.reshape(bias.size, 3, 3, 3).transpose(0, 3, 1, 2)
        data = self.graph.convolution(data, kernel, bias, "stem", stride=2, padding=[1, 1, 1, 1])
        return self.graph.node("Relu", [data], "stem/relu")

    def add_upsampled(self, small: str, large: str) -> str:
        scales = self.graph.weight("constant/double", np.array([1, 1, 2, 2], dtype=np.float32))
        doubled = self.graph.node(
            "Resize",
            [small, "", scales],
            f"{small}/double",
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return self.graph.node("Add", [doubled, large], f"{large}/sum")


def build(library: Path, destination: Path) -> None:
    """Write the detector: `images` (N, 3, H, W), BGR, 0..255, sides multiples of 32.

    For each stride S of 8, 16, 32 four outputs (N, C, H / S, W / S): `class_S` and `object_S`
    (logits, C = 1), `box_S` (C = 4), `points_S` (C = 10).
    """
    builder = _Builder(dict(read_float_arrays(library)))
    graph = builder.graph
    data = builder.stem(graph.input("images", ("n", 3, "height", "width")))
    data = builder.pool(builder.pair(data, "backbone__model0_dp"))
    data = builder.unit(data, "backbone__model1")
    data = builder.pool(builder.unit(data, "backbone__model2"))
    large = builder.unit(data, "backbone__model3")
    middle = builder.unit(builder.pool(large), "backbone__model4")
    small = builder.unit(builder.pool(middle), "backbone__model5")
    small = builder.pair(small, "neck__lateral_convs__2")
    middle = builder.pair(builder.add_upsampled(small, middle), "neck__lateral_convs__1")
    large = builder.pair(builder.add_upsampled(middle, large), "neck__lateral_convs__0")
    heads = (("class", "cls", 1), ("object", "obj", 1), ("box", "bbox", 4), ("points", "kps", 10))
    for level, (stride, features) in enumerate(zip(STRIDES, (large, middle, small), strict=True)):
        for name, symbol, channels in heads:
            result = builder.pair(features, f"bbox_head__multi_level_{symbol}__{level}", relu=False)
            graph.node("Identity", [result], f"{name}_{stride}")
            graph.output(f"{name}_{stride}", ("n", channels, f"rows_{stride}", f"columns_{stride}"))
    graph.save(destination)
