"""The encoders are torchvision's in names, shapes and results, and take its weights."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from glamor_ros.network.baselines import BASELINE_ENCODERS
from glamor_ros.network.encoders import (
    ENCODERS,
    EncoderWeightsError,
    ImageNetEncoder,
    OriginalEncoder,
    load_pretrained_weights,
)

from .variants import make_lively

IMAGENET_ENCODERS = ("mobilenet_v2", "resnet18")
IMAGENET_BASELINES = ("alexnet", "vgg16", "resnet50")
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STANDARD_DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def imagenet_encoder(name: str) -> ImageNetEncoder:
    torch.manual_seed(0)
    encoder = ENCODERS[name]()
    assert isinstance(encoder, ImageNetEncoder)
    return encoder.eval()


def torchvision_shapes(name: str) -> dict[str, torch.Size]:
    """The shapes by name in the state of torchvision's model."""
    listed = (Path(__file__).parent / "torchvision_parameters.txt").read_text().splitlines()
    shapes = {}
    for model, parameter, shape in (line.split() for line in listed[1:]):
        if model == name:
            sizes = [] if shape == "scalar" else [int(size) for size in shape.split("x")]
            shapes[parameter] = torch.Size(sizes)
    return shapes


def torchvision_state(name: str) -> dict[str, Tensor]:
    """Random values under the names and of the shapes that torchvision's model has."""
    generator = torch.Generator().manual_seed(1)
    return {
        parameter: torch.rand(shape, generator=generator) if shape else torch.tensor(7)
        for parameter, shape in torchvision_shapes(name).items()
    }


@pytest.mark.parametrize(
    ("name", "channels", "face_cells", "context_cells"),
    [("original", 256, 6, 7), ("mobilenet_v2", 1280, 3, 4), ("resnet18", 512, 3, 4)],
)
def test_feature_maps(name: str, channels: int, face_cells: int, context_cells: int) -> None:
    encoder = ENCODERS[name]().eval()
    assert encoder.out_channels == channels
    with torch.inference_mode():
        faces, contexts = encoder(torch.rand(2, 3, 96, 96)), encoder(torch.rand(1, 3, 112, 112))
    assert faces.shape == (2, channels, face_cells, face_cells)
    assert contexts.shape == (1, channels, context_cells, context_cells)


@pytest.mark.parametrize("name", IMAGENET_ENCODERS)
def test_images_are_normalised_as_imagenet_s_inside_the_encoder(name: str) -> None:
    encoder = imagenet_encoder(name)
    make_lively(encoder)
    normalized = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected = encoder.feature_map(normalized)
        found = encoder(normalized * STANDARD_DEVIATION + MEAN)
    assert expected.abs().max() > 0.1
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("name", IMAGENET_ENCODERS + IMAGENET_BASELINES)
def test_names_and_shapes_are_torchvision_s(name: str) -> None:
    with torch.device("meta"):
        encoder = {**ENCODERS, **BASELINE_ENCODERS}[name]()
    assert isinstance(encoder, ImageNetEncoder)
    expected = {
        parameter: shape
        for parameter, shape in torchvision_shapes(name).items()
        if not parameter.startswith(encoder.head)
    }
    assert {n: value.shape for n, value in encoder.state_dict().items()} == expected


@pytest.mark.parametrize("name", IMAGENET_ENCODERS)
@pytest.mark.parametrize("counters", [True, False])
def test_torchvision_s_file_is_loaded_but_for_its_classifier(
    name: str, counters: bool, tmp_path: Path
) -> None:
    encoder, state = imagenet_encoder(name), torchvision_state(name)
    if not counters:
        state = {n: value for n, value in state.items() if not n.endswith("num_batches_tracked")}
    save_file(state, tmp_path / "imagenet.safetensors")
    load_pretrained_weights(encoder, tmp_path / "imagenet.safetensors")
    for parameter, value in encoder.state_dict().items():
        if counters or not parameter.endswith("num_batches_tracked"):
            assert torch.equal(value, state[parameter]), parameter


def test_what_does_not_fit_is_named_and_nothing_is_loaded() -> None:
    encoder, state = imagenet_encoder("resnet18"), torchvision_state("resnet18")
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    del state["layer3.1.bn2.running_var"]
    state["conv1.weight"] = torch.zeros(64, 1, 7, 7)
    state["layer5.0.conv1.weight"] = torch.zeros(1)
    state["bn1.bias"][3] = float("inf")
    with pytest.raises(EncoderWeightsError) as error:
        load_pretrained_weights(encoder, state)
    for part in (
        "the state_dict does not hold torchvision's weights for ResNet18Encoder",
        "layer3.1.bn2.running_var is missing",
        "conv1.weight has shape (64, 1, 7, 7), expected (64, 3, 7, 7)",
        "layer5.0.conv1.weight is unknown",
        "bn1.bias holds values that are not finite",
    ):
        assert part in str(error.value)
    assert all(torch.equal(encoder.state_dict()[name], value) for name, value in before.items())


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(EncoderWeightsError, match=r"MobileNetV2Encoder: .* \(and \d+ more\)"):
        load_pretrained_weights(imagenet_encoder("mobilenet_v2"), torchvision_state("resnet18"))


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "resnet18.pth"
    torch.save(torchvision_state("resnet18"), path)
    with pytest.raises(EncoderWeightsError, match=r"resnet18\.pth .*safetensors\.torch\.save_file"):
        load_pretrained_weights(imagenet_encoder("resnet18"), path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderWeightsError, match=r"no weights file at .*absent\.safetensors"):
        load_pretrained_weights(imagenet_encoder("resnet18"), tmp_path / "absent.safetensors")


def test_the_original_encoder_has_no_released_weights() -> None:
    with pytest.raises(EncoderWeightsError, match="no released weights for OriginalEncoder"):
        load_pretrained_weights(OriginalEncoder(), {})


@pytest.fixture(scope="module")
def torchvision_models() -> ModuleType:
    try:
        return importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError, AttributeError) as error:
        pytest.skip(f"torchvision cannot be imported: {error}")


@pytest.mark.parametrize("name", IMAGENET_ENCODERS)
@pytest.mark.parametrize("size_px", [96, 112])
def test_feature_maps_equal_torchvision_s(
    torchvision_models: ModuleType, name: str, size_px: int
) -> None:
    torch.manual_seed(0)
    model = getattr(torchvision_models, name)(weights=None).eval()
    make_lively(model)
    encoder = imagenet_encoder(name)
    load_pretrained_weights(encoder, model.state_dict())
    seen: list[Tensor] = []
    last = model.features if name == "mobilenet_v2" else model.layer4
    last.register_forward_hook(lambda module, inputs, output: seen.append(output))
    images = torch.rand(2, 3, size_px, size_px)
    with torch.no_grad():
        model((images - MEAN) / STANDARD_DEVIATION)
        found = encoder(images)
    assert (found - seen[0]).abs().max() <= 1e-5 * seen[0].abs().max()
