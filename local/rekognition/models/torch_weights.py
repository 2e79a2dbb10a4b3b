"""Reading the tensors of a PyTorch file without PyTorch."""

import collections
import pickle
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C


class UnreadableWeightsError(Exception):
    """The file is not a state dict in PyTorch's format of before 1.6."""


class _Storage:
    """The place of one storage; its numbers follow later in the file."""

    def __init__(self, kind: type[np.generic]) -> None:
        self.kind = kind
        self.values: NDArray[Any] = np.empty(0, dtype=kind)


class _Tensor:
    """A strided view on a storage."""

    def __init__(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def read(self) -> NDArray[Any]:
        values = self.storage.values[self.offset :]
        strides = tuple(step * values.itemsize for step in self.strides)
        return np.lib.stride_tricks.as_strided(values, self.shape, strides).copy()


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_rest: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _StateDictUnpickler(pickle.Unpickler):
    """Knows the names a state dict needs and refuses others: loading runs no foreign code."""

    _known: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch", "FloatStorage"): np.float32,
        ("torch", "LongStorage"): np.int64,
    }

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._known[module, name]
        except KeyError:
            raise UnreadableWeightsError(f"a state dict holds no {module}.{name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, *_rest = pid
        return self.storages.setdefault(key, _Storage(kind))


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor of the file by name. Raises `UnreadableWeightsError`."""
    with path.open("rb") as file:
        if pickle.load(file) != _MAGIC:  # noqa: S301  # the file's hash is pinned
            raise UnreadableWeightsError(f"{path.name} does not begin as a PyTorch file does")
        pickle.load(file)  # noqa: S301  # protocol version
        pickle.load(file)  # noqa: S301  # sizes of integers
        unpickler = _StateDictUnpickler(file)
        tensors: dict[str, _Tensor] = unpickler.load()
        for key in pickle.load(file):  # noqa: S301
            storage = unpickler.storages[key]
            (count,) = np.frombuffer(file.read(8), dtype="<i8")
            size = int(count) * np.dtype(storage.kind).itemsize
            storage.values = np.frombuffer(file.read(size), dtype=storage.kind)
    return {name: tensor.read() for name, tensor in tensors.items()}
