from __future__ import annotations

import pytest
import torch

from glamor_ros.errors import GlamorError
from glamor_ros.perception.device import DeviceError, describe_device, require_device


def test_auto_is_the_processor_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    device = require_device("auto")
    assert device == torch.device("cpu")
    assert describe_device(device) == "the processor"


@pytest.mark.gpu
def test_auto_is_the_gpu_where_there_is_one(cuda: str) -> None:
    device = require_device("auto")
    assert device.type == cuda
    assert torch.cuda.get_device_name(0) in describe_device(device)


@pytest.mark.parametrize("name", ["warp", "", "cuda:99", "cpu:x", "meta"])
def test_devices_that_cannot_be_used_are_refused(name: str) -> None:
    with pytest.raises(DeviceError, match=f"device '{name}' cannot be used: .*use 'cpu', 'auto'"):
        require_device(name)


def test_a_caller_may_catch_the_packages_errors_or_value_errors() -> None:
    for kind in (GlamorError, ValueError):
        with pytest.raises(kind, match="warp"):
            require_device("warp")
