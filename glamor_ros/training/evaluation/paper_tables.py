"""The accuracies that the paper reports (Tables 2, 3, 4, 6 and 7), and the network of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.open_dataset import CAER_S, NCAER_S


@dataclass(frozen=True)
class PaperResult:
    """One accuracy in a table of the paper.

    Attributes:
        table: The number of the table.
        method: The name in its row.
        dataset: "caer_s" or "ncaer_s".
        accuracy_percent: The accuracy.
        network: The fields of Architecture and InputSpec that tell the network from others; None
            where this package has no network for it.
        stored_millions: The size of the network, where the table has it.
        absence: Why this package has no network for it; empty where it has one.
    """

    table: int
    method: str
    dataset: str
    accuracy_percent: float
    network: Mapping[str, Any] | None = field(default=None)
    stored_millions: float | None = None
    absence: str = ""

    def is_of(self, dataset: str, network: Mapping[str, Any]) -> bool:
        """Whether a network with these fields was measured on the same dataset.

        Args:
            dataset: The kind of the dataset.
            network: The fields of the network's Architecture and InputSpec.
        """
        return (
            self.network is not None
            and dataset == self.dataset
            and all(network.get(name) == value for name, value in self.network.items())
        )


TITLES: Mapping[int, str] = {
    2: "Baselines and GLAMOR-Net on CAER-S",
    3: "Baselines and GLAMOR-Net on NCAER-S",
    4: "Inputs and attention on NCAER-S",
    6: "Fusion on NCAER-S",
    7: "Encoders",
}


def _glamor(**differences: str) -> Mapping[str, str]:
    """The paper's own network, apart from these differences."""
    return {
        "family": "glamor_net",
        "encoder": "original",
        "attention": "global_local",
        "fusion": "fusion_net",
        "classifier_inputs": "face_and_context",
        "context_faces": "masked",
    } | differences


def _context(attention: str, faces: str) -> Mapping[str, str]:
    """A network of section 4.3.3, settings (ii) and (iii), which has no fusion."""
    return {
        "family": "glamor_net",
        "encoder": "original",
        "attention": attention,
        "classifier_inputs": "context",
        "context_faces": faces,
    }


_CAER_NET_S = {"family": "caer_net_s", "context_faces": "masked"}
# CAER-Net-S and GLAMOR-Net with its attention are the same layers, and the same figure.
_CONTEXT_ATTENTION = {
    name: value for name, value in _glamor(attention="context_only").items() if name != "family"
}
_FACE = {"family": "glamor_net", "encoder": "original", "classifier_inputs": "face"}

_WITHOUT_GRERN = (
    "its graph's nodes are regions that a detector of objects (bottom-up attention) finds, and no "
    "released code or weights of the graph were found"
)
_WITHOUT_DUBEY = (
    "the work cited is a descriptor for image retrieval, which takes the maximum of AlexNet's maps "
    "of one image and of its bit planes; the paper does not say how it joins a face and a context"
)

PAPER_RESULTS: tuple[PaperResult, ...] = (
    PaperResult(2, "ImageNet-AlexNet", CAER_S, 47.36, {"family": "frozen_alexnet"}),
    PaperResult(2, "ImageNet-VGGNet", CAER_S, 49.89, {"family": "frozen_vgg16"}),
    PaperResult(2, "ImageNet-ResNet", CAER_S, 57.33, {"family": "frozen_resnet50"}),
    PaperResult(2, "Fine-tuned AlexNet", CAER_S, 61.73, {"family": "alexnet"}),
    PaperResult(2, "Fine-tuned VGGNet", CAER_S, 64.85, {"family": "vgg16"}),
    PaperResult(2, "Fine-tuned ResNet", CAER_S, 68.46, {"family": "resnet50"}),
    PaperResult(2, "CAER-Net-S", CAER_S, 73.52, _CAER_NET_S),
    PaperResult(2, "GRERN", CAER_S, 81.31, absence=_WITHOUT_GRERN),
    PaperResult(2, "EfficientFace", CAER_S, 81.48, {"family": "efficient_face"}),
    PaperResult(2, "MA-Net", CAER_S, 88.42, {"family": "ma_net"}),
    PaperResult(2, "GLAMOR-Net (original)", CAER_S, 77.90, _glamor()),
    PaperResult(2, "GLAMOR-Net (ResNet-18)", CAER_S, 89.88, _glamor(encoder="resnet18")),
    PaperResult(3, "VGG16", NCAER_S, 42.85, {"family": "vgg16"}),
    PaperResult(3, "ResNet50", NCAER_S, 41.41, {"family": "resnet50"}),
    PaperResult(3, "CAER-Net-S", NCAER_S, 44.14, _CAER_NET_S),
    PaperResult(3, "GLAMOR-Net (original)", NCAER_S, 46.91, _glamor()),
    PaperResult(4, "(i) face", NCAER_S, 42.58, _FACE),
    PaperResult(4, "(ii) masked context", NCAER_S, 41.18, _context("none", "masked")),
    PaperResult(4, "(ii) masked context, CA", NCAER_S, 41.27, _context("context_only", "masked")),
    PaperResult(4, "(ii) masked context, GLA", NCAER_S, 42.24, _context("global_local", "masked")),
    PaperResult(4, "(iii) full context, CA", NCAER_S, 41.94, _context("context_only", "visible")),
    PaperResult(4, "(iii) full context, GLA", NCAER_S, 42.66, _context("global_local", "visible")),
    PaperResult(4, "(iv) face and masked context", NCAER_S, 43.19, _glamor(attention="none")),
    PaperResult(4, "(iv) face and masked context, CA", NCAER_S, 44.14, _CONTEXT_ATTENTION),
    PaperResult(4, "(iv) face and masked context, GLA", NCAER_S, 46.91, _glamor()),
    PaperResult(6, "Dubey et al.", NCAER_S, 44.33, absence=_WITHOUT_DUBEY),
    PaperResult(6, "Fusion Add", NCAER_S, 45.62, _glamor(fusion="add")),
    PaperResult(6, "Fusion Max", NCAER_S, 46.26, _glamor(fusion="max")),
    PaperResult(6, "Fusion Net", NCAER_S, 46.91, _glamor()),
    PaperResult(7, "Original", CAER_S, 77.90, _glamor(), 2.23),
    PaperResult(7, "Original", NCAER_S, 46.91, _glamor(), 2.23),
    PaperResult(7, "MobileNetV2", CAER_S, 85.44, _glamor(encoder="mobilenet_v2"), 5.83),
    PaperResult(7, "MobileNetV2", NCAER_S, 47.52, _glamor(encoder="mobilenet_v2"), 5.83),
    PaperResult(7, "ResNet-18", CAER_S, 89.88, _glamor(encoder="resnet18"), 22.90),
    PaperResult(7, "ResNet-18", NCAER_S, 48.40, _glamor(encoder="resnet18"), 22.90),
)
