"""Batch normalisation folded into the convolutions, for inference."""

from __future__ import annotations

import copy
import itertools

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .glamor_net import GlamorNet


def folded_for_inference(network: GlamorNet) -> GlamorNet:
    """A copy in evaluation mode that computes the same with fewer operations; it cannot be trained.

    In every module of this package and of torchvision's models, a convolution followed by a batch
    normalisation among the module's children is applied right before it.
    """
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        children = list(module.named_children())
        for (name, child), (next_name, next_child) in itertools.pairwise(children):
            if isinstance(child, nn.Conv2d) and isinstance(next_child, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(child, next_child))
                setattr(module, next_name, nn.Identity())
    return folded.requires_grad_(False)
