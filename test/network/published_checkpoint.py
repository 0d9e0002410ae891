"""The variables of the authors' checkpoint, listed as TensorFlow lists them, for the tests."""

from __future__ import annotations

import numpy as np

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"

PUBLISHED_VALUES = 2_161_802
PAPER_VALUES = 2_228_362


def published_shapes(classifier_units: int = 128) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    channels = (3, 32, 64, 128, 256, 256)
    for branch in ("ContextEncodingNet", "FaceEncodingNet"):
        for block in range(5):
            before, after = channels[block : block + 2]
            name = f"{branch}/blocks/{block}"
            shapes |= {f"{name}/conv/kernel": (3, 3, before, after), f"{name}/conv/bias": (after,)}
            shapes |= _batch_normalization(f"{name}/bn", after)
    shapes |= _dense("attention_fc1", 512, 128) | _batch_normalization("attention_fc1_bn", 128)
    shapes |= _dense("attention_fc2", 128, 1)
    for branch in ("context", "face"):
        shapes |= _dense(f"{branch}_weight1", 256, 128) | _dense(f"{branch}_weight2", 128, 1)
    shapes |= _dense("final_fc1", 512, classifier_units)
    shapes |= _dense("final_classify", classifier_units, 7)
    return {f"{name}{SUFFIX}": shape for name, shape in shapes.items()}


def random_variables(classifier_units: int = 128) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(classifier_units)
    return {
        name: generator.uniform(0.1, 1.0, shape).astype(np.float32)
        for name, shape in published_shapes(classifier_units).items()
    }


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _batch_normalization(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    statistics = ("gamma", "beta", "moving_mean", "moving_variance")
    return {f"{name}/{statistic}": (channels,) for statistic in statistics}
