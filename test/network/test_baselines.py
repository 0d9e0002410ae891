"""The networks that the paper compares with are the published ones, in values, names and sizes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from glamor_ros.network.architecture import Architecture, ArchitectureError, build_glamor_net
from glamor_ros.network.baselines import BASELINE_ENCODERS, FROZEN_FAMILIES, AlexNetEncoder
from glamor_ros.network.baselines.face_quarters import FaceTooSmallError, quarters, reassembled
from glamor_ros.network.batch_norm_folding import folded_for_inference
from glamor_ros.network.encoders import EncoderWeightsError, load_pretrained_weights
from glamor_ros.network.glamor_net import GlamorNet

from .variants import fill_with_waves, lively_network, waves

IMAGE_SIZE = torch.Size((1, 3, 224, 224))

# Computed by torchvision 0.28 and by the code that the authors of EfficientFace and MA-Net have
# released, with the same weights and image: mean and standard deviation of the vector that is
# classified, and seven of its values, evenly apart from the first.
REFERENCES = {
    "alexnet": (0.88503, 1.10171, [1.97736, 2.61814, 0.65242, 0.0, 0.0, 0.24641, 3.27556]),
    "vgg16": (0.88090, 1.09280, [1.66462, 2.50948, 1.55742, 0.0, 0.0, 0.0, 1.44024]),
    "resnet50": (725.91309, 924.87268, [0.0, 395.861, 1824.527, 0.0, 0.0, 1184.784, 1013.045]),
    "efficient_face": (
        113.60847,
        107.16766,
        [7.14148, 181.22826, 180.81737, 147.53212, 70.59855, 61.66067, 69.52126],
    ),
    "ma_net": (1.96318, 2.58851, [0.69772, 0.46038, 0.40879, 0.09408, 2.19086, 1.66609, 3.41492]),
}


def network_of(family: str) -> GlamorNet:
    return build_glamor_net(Architecture.from_fields({"family": family}))


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("family", REFERENCES)
def test_they_compute_what_the_published_ones_do(family: str) -> None:
    encoder = BASELINE_ENCODERS[family]().eval()
    fill_with_waves(encoder)
    with torch.inference_mode():
        vector = encoder(0.5 + 0.5 * waves(IMAGE_SIZE, "image")).mean(dim=(2, 3))[0]
    mean, deviation, values = REFERENCES[family]
    assert len(vector) == encoder.out_channels
    tolerance = 1e-4 * deviation
    assert float(vector.mean()) == pytest.approx(mean, abs=tolerance)
    assert float(vector.std()) == pytest.approx(deviation, abs=tolerance)
    assert vector[:: len(vector) // 7][:7].tolist() == pytest.approx(values, abs=tolerance)


@pytest.mark.parametrize(
    ("family", "classes", "parameters_of_all"),
    [
        # Krizhevsky et al. (2012) say 60 million, of the network in two halves; torchvision has
        # Krizhevsky's (2014) of one column.
        ("alexnet", 1000, 61_100_840),
        # Simonyan and Zisserman (2015), Table 2: 138 million.
        ("vgg16", 1000, 138_357_544),
        # He et al. (2016) count operations alone; torchvision says 25.6 million.
        ("resnet50", 1000, 25_557_032),
        # Zhao, Liu and Zhou (2021): 1.28 million.
        ("efficient_face", 7, 1_275_293),
        # Zhao, Liu and Wang (2021) say 50.54 million: cut off, not rounded.
        ("ma_net", 7, 50_547_214),
    ],
)
def test_sizes_are_the_papers(family: str, classes: int, parameters_of_all: int) -> None:
    """Parameters with the classifier of the papers; the statistics are not counted."""
    with torch.device("meta"):
        network = network_of(family)
    encoder = network.context_encoder or network.face_encoder
    assert encoder is not None
    linear_layer = (encoder.out_channels + 1) * classes
    if family == "ma_net":
        linear_layer = encoder.out_channels * classes + 2 * classes  # one of each half
    assert parameters(encoder) + linear_layer == parameters_of_all
    if classes == 7:
        assert parameters(network) == parameters_of_all


@pytest.mark.parametrize("family", ["frozen_alexnet", "alexnet", "efficient_face", "ma_net"])
def test_they_run_folded_for_several_people(family: str) -> None:
    network = lively_network(Architecture.from_fields({"family": family}))
    on_the_face = family in ("efficient_face", "ma_net")
    faces = torch.rand(3, 3, 224, 224) if on_the_face else torch.rand(3, 3, 96, 96)
    contexts, index = torch.rand(2, 3, 224, 224), torch.tensor([0, 1, 0])
    with torch.inference_mode():
        output = network(faces, contexts, index)
        folded = folded_for_inference(network)(faces, contexts, index)
        alone = network(faces[2:], contexts[:1])
    assert output.logits.shape == (3, 7)
    assert (output.attention is None) == on_the_face
    assert torch.allclose(folded.logits, output.logits, rtol=1e-3, atol=1e-4)
    assert torch.allclose(alone.logits, output.logits[2:], rtol=1e-3, atol=1e-4)
    assert torch.equal(output.logits[0], output.logits[2]) != on_the_face


@pytest.mark.parametrize("family", ["frozen_resnet50", "resnet50"])
def test_what_is_frozen_stays_as_it_is(family: str) -> None:
    torch.manual_seed(0)
    network = network_of(family).train()
    assert network.context_encoder is not None
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    faces = torch.rand(2, 3, 96, 96)
    network(faces, torch.rand(2, 3, 64, 64)).logits[:, 0].sum().backward()
    optimizer.step()
    changed = {
        name for name, value in network.state_dict().items() if not torch.equal(value, before[name])
    }
    assert {"classifier.weight", "classifier.bias"} <= changed
    of_encoder = {name for name in changed if name.startswith("context_encoder.")}
    if family in FROZEN_FAMILIES:
        assert not of_encoder
        assert network.training
    else:
        assert "context_encoder.conv1.weight" in of_encoder
        assert "context_encoder.bn1.running_mean" in of_encoder


def test_frozen_encoders_take_imagenet_s_weights() -> None:
    network = network_of("frozen_alexnet")
    weights = AlexNetEncoder()
    fill_with_waves(weights)
    head = {"classifier.6.weight": torch.zeros(1000, 4096), "classifier.6.bias": torch.zeros(1000)}
    assert network.context_encoder is not None
    load_pretrained_weights(network.context_encoder, {**weights.state_dict(), **head})
    loaded = network.context_encoder.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in weights.state_dict().items())


def test_the_authors_weights_are_loaded_but_for_their_classifier() -> None:
    network = network_of("efficient_face")
    assert network.face_encoder is not None
    state = {name: torch.ones_like(one) for name, one in network.face_encoder.state_dict().items()}
    released = {**state, "fc.weight": torch.zeros(12666, 1024), "fc.bias": torch.zeros(12666)}
    load_pretrained_weights(network.face_encoder, released)
    assert all((value == 1).all() for value in network.face_encoder.state_dict().values())
    with pytest.raises(EncoderWeightsError, match="does not hold EfficientFace's weights"):
        load_pretrained_weights(network.face_encoder, {f"module.{n}": v for n, v in state.items()})


def test_ma_net_decides_by_both_branches() -> None:
    network = network_of("ma_net").eval()
    vector = torch.randn(2, 1024)
    context = network.encode_context(torch.rand(2, 3, 224, 224))
    output = network.recognize(vector, context)
    weights = [decision.weight for decision in output.decisions]
    assert weights == [0.6, 0.4]  # local, global
    local, whole = (decision.logits for decision in output.decisions)
    assert torch.allclose(output.logits, 0.6 * local + 0.4 * whole)
    vector[:, 512:] += 1  # the global branch's half
    again = network.recognize(vector, context).decisions
    assert torch.equal(again[0].logits, local)
    assert not torch.equal(again[1].logits, whole)


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (2, 3)])
def test_quarters_make_the_whole(size: tuple[int, int]) -> None:
    features: Tensor = torch.rand(1, 2, *size)
    parts = quarters(features)
    assert [one.shape[2] for one in parts] == [size[0] // 2] * 2 + [size[0] - size[0] // 2] * 2
    assert torch.equal(reassembled(*parts), features)


@pytest.mark.parametrize("family", ["efficient_face", "ma_net"])
@pytest.mark.parametrize("size", [(96, 96), (61, 100)])
def test_faces_of_other_sizes(family: str, size: tuple[int, int]) -> None:
    encoder = BASELINE_ENCODERS[family]().eval()
    with torch.inference_mode():
        assert torch.isfinite(encoder(torch.rand(1, 3, *size))).all()
        with pytest.raises(FaceTooSmallError, match=r"face_size .* too small for this network"):
            encoder(torch.rand(1, 3, 4, 4))


def test_their_parts_cannot_be_chosen() -> None:
    with pytest.raises(ArchitectureError, match="encoder 'vgg16' does not belong to the family"):
        build_glamor_net(Architecture.from_fields({"family": "alexnet", "encoder": "vgg16"}))
    with pytest.raises(ArchitectureError, match="unknown encoder 'ma_net'"):
        build_glamor_net(Architecture.from_fields({"encoder": "ma_net"}))
    with pytest.raises(ArchitectureError, match=r"unknown family 'grern'.*frozen_resnet50"):
        build_glamor_net(Architecture.from_fields({"family": "grern"}))
