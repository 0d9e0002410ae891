"""The context's own classifier, which makes its encoder read other people's faces in training."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from ...network.architecture import Architecture, build_glamor_net

# Unlike the whole network's, it has no hidden layer: the encoder is to do the reading.
CONTEXT_CLASSIFIER_UNITS = 0
CONTEXT_DROPOUT = 0.3


def build_context_classifier(architecture: Architecture) -> nn.Module:
    """A classifier of the attended context alone, with fresh weights.

    It has the form of the classifier of a network with `classifier_units: 0`, and can start from
    one.

    Args:
        architecture: The network in which it is trained.
    """
    alone = replace(
        architecture,
        classifier_inputs="context",
        attention="none",
        classifier_units=CONTEXT_CLASSIFIER_UNITS,
    )
    classifier = build_glamor_net(alone).classifier
    for module in classifier.modules():
        if isinstance(module, nn.Dropout):
            module.p = CONTEXT_DROPOUT
    return classifier
