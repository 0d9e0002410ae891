"""The baselines of Table 3, where torchvision is, and a clear error where it is not."""

from __future__ import annotations

import sys

import pytest
import torch

from glamor_ros.network.architecture import Architecture, build_glamor_net
from glamor_ros.network.baselines import BASELINE_INPUT_SPEC, TorchvisionMissingError
from glamor_ros.network.batch_norm_folding import folded_for_inference
from glamor_ros.network.encoders import ImageNetEncoder, load_imagenet_weights

from .test_encoders import MEAN, STANDARD_DEVIATION, torchvision_models
from .variants import make_lively

__all__ = ["torchvision_models"]


@pytest.mark.parametrize("family", ["vgg16", "resnet50"])
def test_without_torchvision_it_is_asked_for(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.delitem(sys.modules, "torchvision.models", raising=False)
    with pytest.raises(TorchvisionMissingError, match=r"pip install 'glamor_ros\[baselines\]'"):
        build_glamor_net(Architecture.from_fields({"family": family}))


def test_they_look_at_the_whole_image_with_its_faces() -> None:
    assert BASELINE_INPUT_SPEC.context_crop == (224, 224)
    assert BASELINE_INPUT_SPEC.context_faces == "visible"


@pytest.mark.usefixtures("torchvision_models")
@pytest.mark.parametrize(("family", "features"), [("vgg16", 4096), ("resnet50", 2048)])
def test_they_are_torchvision_s_with_another_last_layer(
    torchvision_models: object, family: str, features: int
) -> None:
    torch.manual_seed(0)
    model = getattr(torchvision_models, family)(weights=None).eval()
    make_lively(model)
    network = build_glamor_net(Architecture.from_fields({"family": family})).eval()
    assert network.face_encoder is None
    assert isinstance(network.context_encoder, ImageNetEncoder)
    assert network.classifier.weight.shape == (7, features)
    load_imagenet_weights(network.context_encoder, model.state_dict())
    last = model.classifier[6] if family == "vgg16" else model.fc
    with torch.no_grad():
        last.weight[:7], last.bias[:7] = network.classifier.weight, network.classifier.bias
        image = torch.rand(1, 3, 224, 224)
        expected = model((image - MEAN) / STANDARD_DEVIATION)[:, :7]
        faces, index = torch.rand(2, 3, 96, 96), torch.zeros(2, dtype=torch.int64)
        found = network(faces, image, index).logits
        folded = folded_for_inference(network)(faces, image, index).logits
    assert torch.allclose(found, expected.expand(2, 7), rtol=1e-4, atol=1e-5)
    assert torch.allclose(folded, found, rtol=1e-4, atol=1e-5)
