"""Reads dlib's serialised MMOD face network (`mmod_human_face_detector.dat`).

The format is what dlib's `serialize()` writes: integers as a control byte (number of magnitude
bytes, sign in the top bit) and little-endian magnitude, floating-point numbers as mantissa and
exponent, tensors as four dimensions and raw float32.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import GlamorError
from .parameters import (
    AffineParameters,
    ConvolutionParameters,
    MmodParameters,
    MmodParametersError,
    NonMaximumSuppression,
)

# This version of the file does not store them; they are the defaults of dlib's input layer.
PYRAMID_PADDING_PX = 10
PYRAMID_OUTER_PADDING_PX = 11

_CONVOLUTIONS = 7
# Of the 19 layers, outermost first: 7 convolutions, 6 of them with an affine and a ReLU on top.
_LAYER_VERSIONS = (2,) * 18 + (3,)
_SPECIAL_FLOATS = {32000: math.inf, 32001: -math.inf, 32002: math.nan}


class DlibFileError(GlamorError, ValueError):
    """A file is no dlib MMOD face network, or is damaged."""


def read_dlib_network(path: Path) -> MmodParameters:
    """The parameters stored in a `.dat` file.

    Raises DlibFileError where the file is missing, damaged, or holds anything else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DlibFileError(f"cannot read the dlib network {path}: {error.strerror}") from error
    try:
        return _read_network(_Reader(data))
    except (DlibFileError, MmodParametersError) as error:
        raise DlibFileError(
            f"{path} is not dlib's mmod_human_face_detector.dat, or is damaged: {error}; "
            "fetch it again from https://github.com/davisking/dlib-models and unpack it"
        ) from None


class _Reader:
    """Takes dlib's primitive types from the front of a byte string."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def fail(self, message: str) -> DlibFileError:
        return DlibFileError(f"{message} (at byte {self._position})")

    def take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._data):
            raise self.fail(f"the file ends after {len(self._data)} bytes, {end} are needed")
        chunk = self._data[self._position : end]
        self._position = end
        return chunk

    def integer(self) -> int:
        control = self.take(1)[0]
        size = control & 0x0F
        if not 1 <= size <= 8 or control & 0x70:
            raise self.fail(f"0x{control:02x} does not start an integer")
        magnitude = int.from_bytes(self.take(size), "little")
        return -magnitude if control & 0x80 else magnitude

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self.integer() for _ in range(count))

    def number(self) -> float:
        mantissa, exponent = self.integers(2)
        if exponent in _SPECIAL_FLOATS:
            return _SPECIAL_FLOATS[exponent]
        if not -2000 <= exponent <= 2000:
            raise self.fail(f"{exponent} is no exponent of a floating-point number")
        try:
            return math.ldexp(mantissa, exponent)
        except OverflowError:
            raise self.fail(f"{mantissa} * 2^{exponent} is too large a number") from None

    def numbers(self, count: int) -> tuple[float, ...]:
        return tuple(self.number() for _ in range(count))

    def boolean(self) -> bool:
        value = self.take(1)
        if value not in (b"0", b"1"):
            raise self.fail(f"{value!r} is no boolean")
        return value == b"1"

    def string(self) -> str:
        length = self.integer()
        if not 0 <= length <= 1024:
            raise self.fail(f"{length} is no length of a name")
        return self.take(length).decode("latin-1")

    def expect_integer(self, expected: int, what: str) -> None:
        found = self.integer()
        if found != expected:
            raise self.fail(f"{what} is {found}, expected {expected}")

    def expect_string(self, *expected: str) -> str:
        found = self.string()
        if found not in expected:
            raise self.fail(f"found {found!r}, expected {' or '.join(map(repr, expected))}")
        return found

    def tensor(self) -> NDArray[np.float32]:
        """All values of a tensor, flat: most of dlib's tensors here are vectors of parameters."""
        self.expect_integer(2, "the version of a tensor")
        shape = self.integers(4)
        if min(shape) < 0:
            raise self.fail(f"{shape} is no shape of a tensor")
        return np.frombuffer(self.take(4 * math.prod(shape)), dtype="<f4").astype(np.float32)

    def alias_shape(self) -> tuple[int, ...]:
        self.expect_integer(1, "the version of an alias tensor")
        return self.integers(4)

    def expect_end(self) -> None:
        left = len(self._data) - self._position
        if left:
            raise self.fail(f"{left} bytes are left over")


def _read_network(reader: _Reader) -> MmodParameters:
    reader.expect_integer(1, "the version of the loss layer")
    reader.expect_string("loss_mmod_")
    window, suppression = _read_options(reader)
    for version in _LAYER_VERSIONS:
        reader.expect_integer(version, "the version of a layer")
    reader.expect_string("input_rgb_image_pyramid")
    red, green, blue = reader.numbers(3)

    convolutions = []
    affines = []
    for index in range(_CONVOLUTIONS):
        convolutions.append(_read_convolution(reader))
        _skip_layer_tail(reader, innermost=index == 0)
        if index < _CONVOLUTIONS - 1:
            affines.append(_read_affine(reader, convolutions[-1].bias.size))
            _skip_layer_tail(reader)
            reader.expect_string("relu_")
            _skip_layer_tail(reader)
    reader.expect_end()
    return MmodParameters(
        convolutions=tuple(convolutions),
        affines=tuple(affines),
        mean_rgb=(red, green, blue),
        window_px=window,
        suppression=suppression,
        padding_px=PYRAMID_PADDING_PX,
        outer_padding_px=PYRAMID_OUTER_PADDING_PX,
    )


def _read_options(reader: _Reader) -> tuple[tuple[int, int], NonMaximumSuppression]:
    reader.expect_integer(1, "the version of the MMOD options")
    width, height = reader.integers(2)
    # Two losses and the overlap that matches a truth box: they matter in training alone.
    reader.numbers(3)
    max_iou, max_covered = reader.numbers(2)
    # The overlap with boxes to be ignored: training again.
    reader.numbers(2)
    return (width, height), NonMaximumSuppression(max_iou=max_iou, max_covered=max_covered)


def _read_convolution(reader: _Reader) -> ConvolutionParameters:
    reader.expect_string("con_4")
    values = reader.tensor()
    filters, height, width, stride_y, stride_x, padding_y, padding_x = reader.integers(7)
    weight_shape = reader.alias_shape()
    bias_shape = reader.alias_shape()
    # Learning rate and weight decay multipliers of the weights and the biases.
    reader.numbers(4)
    if min(weight_shape) < 1 or weight_shape[0] != filters or weight_shape[2:] != (height, width):
        raise reader.fail(f"{weight_shape} does not fit {filters} filters {height}x{width}")
    if stride_y != stride_x or padding_y != padding_x:
        raise reader.fail("a convolution has different strides or paddings down and across")
    weight_size = math.prod(weight_shape)
    if bias_shape != (1, filters, 1, 1) or values.size != weight_size + filters:
        raise reader.fail(
            f"{values.size} parameters do not fit {weight_shape} and {filters} biases"
        )
    return ConvolutionParameters(
        weight=values[:weight_size].reshape(weight_shape),
        bias=values[weight_size:],
        stride=stride_y,
        padding=padding_y,
    )


def _read_affine(reader: _Reader, channels: int) -> AffineParameters:
    # The affine layers of the released file are the batch normalisation that they came from.
    reader.expect_string("bn_con2")
    values = reader.tensor()
    shapes = (reader.alias_shape(), reader.alias_shape())
    # Mean and inverse deviation of the last training batch.
    reader.tensor()
    reader.tensor()
    running_mean = reader.tensor()
    running_variance = reader.tensor()
    # Number of updates and the running window; learning rate and weight decay multipliers.
    reader.integers(2)
    reader.numbers(4)
    epsilon = reader.number()
    if shapes != ((1, channels, 1, 1),) * 2 or values.size != 2 * channels:
        raise reader.fail(f"an affine layer does not fit its convolution of {channels} filters")
    return AffineParameters(
        gamma=values[:channels],
        beta=values[channels:],
        running_mean=running_mean,
        running_variance=running_variance,
        epsilon=epsilon,
    )


def _skip_layer_tail(reader: _Reader, *, innermost: bool = False) -> None:
    """Skips what a layer keeps for training: three flags, gradients and the cached output."""
    for _ in range(3):
        reader.boolean()
    for _ in range(3):
        reader.tensor()
    if innermost:
        reader.integer()
