"""VGG16 and ResNet-50, fine-tuned: what the paper compares with in Table 3.

They classify the whole image, faces visible (`BASELINE_INPUT_SPEC`), with one linear layer, as do
the baselines of Lee et al. (2019), from whom the paper takes Table 2's; the paper itself does not
say. They are built from torchvision's models, an optional dependency, and keep torchvision's
parameter names, so that `load_imagenet_weights` loads ImageNet's weights, or VGG-Face's converted
to these names.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType

from torch import Tensor, nn

from ..errors import GlamorError
from .encoders import Encoder, ImageNetEncoder
from .input_spec import InputSpec

BASELINE_INPUT_SPEC = InputSpec(
    context_resize=(256, 342), context_crop=(224, 224), context_faces="visible"
)


class TorchvisionMissingError(GlamorError, RuntimeError):
    """The lack of torchvision, which a baseline needs."""


def _torchvision_models() -> ModuleType:
    try:
        return importlib.import_module("torchvision.models")
    # A torchvision built for another PyTorch fails while it registers its operators.
    except (ImportError, RuntimeError, AttributeError) as error:
        raise TorchvisionMissingError(
            f"the VGG16 and ResNet-50 baselines need torchvision, which cannot be imported "
            f"({error}); install the one built for this PyTorch, for example with "
            "pip install 'glamor_ros[baselines]'"
        ) from error


class ResNet50Encoder(ImageNetEncoder):
    """ResNet-50 as an encoder: (N, 3, 224, 224) becomes (N, 2048, 7, 7)."""

    out_channels = 2048
    head = ("fc.",)

    def __init__(self) -> None:
        super().__init__()
        self._names = []
        for name, child in _torchvision_models().resnet50(weights=None).named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, child)
                self._names.append(name)

    def feature_map(self, normalized: Tensor) -> Tensor:
        features = normalized
        for name in self._names:
            features = self.get_submodule(name)(features)
        return features


class VGG16Encoder(ImageNetEncoder):
    """VGG16 up to its last hidden layer: (N, 3, 224, 224) becomes (N, 4096, 1, 1)."""

    out_channels = 4096
    head = ("classifier.6.",)

    def __init__(self) -> None:
        super().__init__()
        model = _torchvision_models().vgg16(weights=None)
        self.features: nn.Module = model.features
        self.avgpool: nn.Module = model.avgpool
        self.classifier: nn.Module = model.classifier[:-1]

    def feature_map(self, normalized: Tensor) -> Tensor:
        pooled = self.avgpool(self.features(normalized))
        hidden: Tensor = self.classifier(pooled.flatten(1))
        return hidden[:, :, None, None]


BASELINE_ENCODERS: Mapping[str, Callable[[], Encoder]] = {
    "vgg16": VGG16Encoder,
    "resnet50": ResNet50Encoder,
}
