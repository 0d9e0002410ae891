"""Optimizers by name: which parameters get which step, and states that go on exactly."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from torch import nn

from glamor_ros.training.fit.muon import MuonWithAdamW
from glamor_ros.training.fit.optimizers import AdamW, Muon, OptimizerError, Sgd, parameter_groups


def small_network(
    memory_format: torch.memory_format = torch.contiguous_format,
) -> nn.Sequential:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 6, 3), nn.Flatten(), nn.Linear(24, 2)
    )
    network.to(memory_format=memory_format)  # type: ignore[call-overload]
    return network


def groups(network: nn.Module, **factors: float) -> list[dict[str, Any]]:
    return parameter_groups(dict(network.named_children()), 0.01, 0.1, factors)


def steps(network: nn.Module, optimizer: torch.optim.Optimizer, seeds: range) -> None:
    for seed in seeds:
        images = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        network(images).square().mean().backward()
        optimizer.step()


def test_biases_and_normalisations_are_not_decayed_and_parts_follow_their_factor() -> None:
    network = small_network()
    of = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups(network, **{"4": 0.25})
        for parameter in group["params"]
    }
    assert (
        of[id(network.get_parameter("0.weight"))]
        == of[id(network.get_parameter("2.weight"))]
        == (0.01, 0.1)
    )
    for vector in (
        network.get_parameter("0.bias"),
        network.get_parameter("1.weight"),
        network.get_parameter("1.bias"),
        network.get_parameter("2.bias"),
    ):
        assert of[id(vector)] == (0.01, 0.0)
    assert of[id(network.get_parameter("4.weight"))] == (0.0025, 0.1)
    assert of[id(network.get_parameter("4.bias"))] == (0.0025, 0.0)
    assert len(of) == len(list(network.parameters()))


def test_what_is_frozen_has_no_optimizer() -> None:
    network = small_network()
    network.get_submodule("0").requires_grad_(False)
    named = {id(parameter) for group in groups(network) for parameter in group["params"]}
    assert named == {id(p) for p in network.parameters() if p.requires_grad}


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_filters_take_muons_step_and_the_rest_adamws(memory_format: torch.memory_format) -> None:
    network = small_network(memory_format)
    before = copy.deepcopy(network)
    steps(network, Muon().build(groups(network)), range(2))
    alone = copy.deepcopy(before)
    # Filters with more than three channels, as matrices, by PyTorch's own Muon.
    matrix = nn.Parameter(alone.get_parameter("2.weight").detach().clone().reshape(6, -1))
    others = [p for p in alone.parameters() if p is not alone.get_parameter("2.weight")]
    decayed = [p for p in others if p.ndim > 1]
    plain = [p for p in others if p.ndim <= 1]
    adamw = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
        lr=0.01,
        betas=(0.9, 0.98),
    )
    muon = torch.optim.Muon([matrix], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for seed in range(2):
        images = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
        alone.zero_grad()
        alone(images).square().mean().backward()
        gradient = alone.get_parameter("2.weight").grad
        assert gradient is not None
        matrix.grad = gradient.reshape(6, -1).clone()
        muon.step()
        adamw.step()
        with torch.no_grad():
            alone.get_parameter("2.weight").copy_(matrix.view_as(alone.get_parameter("2.weight")))
    for mine, expected, first in zip(
        network.parameters(), alone.parameters(), before.parameters(), strict=True
    ):
        # Muon's iteration is in bfloat16, and rounds otherwise in another order of the columns.
        torch.testing.assert_close(mine, expected, atol=5e-4, rtol=5e-3)
        assert not torch.equal(mine, first)


@pytest.mark.parametrize("settings", [Sgd(), AdamW(), Muon()])
def test_a_stored_state_goes_on_exactly(settings: Sgd | AdamW | Muon) -> None:
    network = small_network(torch.channels_last)
    optimizer = settings.build(groups(network))
    steps(network, optimizer, range(3))
    file = io.BytesIO()
    torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict()}, file)
    steps(network, optimizer, range(3, 6))

    resumed = small_network(torch.channels_last)
    other = settings.build(groups(resumed))
    file.seek(0)
    stored = torch.load(file, weights_only=True)
    resumed.load_state_dict(stored["network"])
    other.load_state_dict(stored["optimizer"])
    steps(resumed, other, range(3, 6))
    for mine, expected in zip(resumed.parameters(), network.parameters(), strict=True):
        assert torch.equal(mine, expected)


def test_learning_rates_set_from_outside_reach_both_optimizers() -> None:
    network = small_network()
    optimizer = Muon().build(groups(network))
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = copy.deepcopy(network.state_dict())
    steps(network, optimizer, range(1))
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name])


def test_networks_without_filters_and_without_the_rest() -> None:
    for module in (nn.Linear(3, 2), nn.Conv2d(4, 2, 3, bias=False)):
        (weight,) = [p for p in module.parameters() if p.ndim > 1]
        before = weight.detach().clone()
        optimizer = MuonWithAdamW(
            [{"params": [weight], "lr": 0.1, "weight_decay": 0.0}], momentum=0.9, betas=(0.9, 0.9)
        )
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        assert (weight - before).abs().min() > 1e-4


def test_a_torch_without_muon_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(OptimizerError, match=r"muon needs torch 2\.9 or newer, this is "):
        Muon().build(groups(small_network()))
