"""Batch normalisation folded into the convolutions, for inference."""

from __future__ import annotations

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .encoders import ConvolutionBlock
from .glamor_net import GlamorNet


def folded_for_inference(network: GlamorNet) -> GlamorNet:
    """A copy in evaluation mode that computes the same with fewer operations, not trainable."""
    folded = copy.deepcopy(network).eval()
    for block in folded.modules():
        if isinstance(block, ConvolutionBlock):
            block.convolution = fuse_conv_bn_eval(block.convolution, block.normalization)
            setattr(block, "normalization", nn.Identity())  # noqa: B010  (another type of module)
    return folded.requires_grad_(False)
