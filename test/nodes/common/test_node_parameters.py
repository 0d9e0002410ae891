from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
import yaml
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.context import Context
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from glamor_ros.nodes import documentation
from glamor_ros.nodes.common.camera_names import camera_names
from glamor_ros.nodes.common.node_parameters import (
    NodeParameters,
    ParameterValues,
    UnknownParameter,
    unknown_parameters,
)
from glamor_ros.nodes.common.parameter_spec import Changes, ParameterSpec, ParameterValue
from glamor_ros.nodes.emotion.parameters import (
    EMOTION_PARAMETERS,
    follower_settings,
    model_choice,
    questionable_combinations,
)
from glamor_ros.nodes.image_source.parameters import IMAGE_SOURCE_PARAMETERS
from glamor_ros.perception.tracking.follower import FollowerSettings
from glamor_ros.resources import share_directory

DEFAULTS = {spec.name: spec.default for spec in EMOTION_PARAMETERS}


@pytest.fixture
def make_node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Node]]:
    """Nodes with these parameters given at the start."""
    monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "SHM")
    context = Context()
    rclpy.init(context=context, domain_id=os.getpid() % 100)
    nodes: list[Node] = []

    def make(*, node_type: type[Node] = Node, **given: ParameterValue) -> Node:
        overrides = [Parameter(name, value=value) for name, value in given.items()]
        nodes.append(node_type("tested", context=context, parameter_overrides=overrides))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def declare_all(
    node: Node,
    apply: Callable[[ParameterValues], None] = lambda values: None,
    *,
    may_reconfigure: bool = True,
) -> NodeParameters:
    return NodeParameters(
        node,
        EMOTION_PARAMETERS,
        apply=apply,
        may_reconfigure=lambda: may_reconfigure,
    )


def set_parameters(node: Node, **values: ParameterValue) -> str:
    """The reason of the refusal; empty where there was none."""
    result = node.set_parameters_atomically(
        [Parameter(name, value=value) for name, value in values.items()]
    )
    assert result.successful == (not result.reason)
    return str(result.reason)


def test_the_defaults_are_perceptions_but_for_the_readings() -> None:
    assert follower_settings(DEFAULTS) == FollowerSettings(recognition_interval_s=0.1)


def test_the_shipped_parameter_file_is_what_the_table_says() -> None:
    text = (share_directory() / "config" / "glamor.yaml").read_text()

    assert text == documentation.SECTIONS["parameters_file"]()
    assert yaml.safe_load(text) == {
        f"/**/{name}": {"ros__parameters": {spec.name: spec.default for spec in tables.parameters}}
        for name, tables in documentation.NODES.items()
    }


def test_what_is_given_at_the_start_counts(make_node: Callable[..., Node], tmp_path: Path) -> None:
    weights = str(tmp_path / "w.safetensors")
    parameters = declare_all(make_node(weights=weights, detector_upsample=1, max_coast_s=3.0))

    values = parameters.values()

    assert set(values) == set(DEFAULTS)
    assert model_choice(values).weights == Path(weights)
    assert model_choice(values).detector_upsample == 1
    assert follower_settings(values).tracker.max_coast_s == 3.0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"context_mode": "both"}, "it must be one of: shared, per_person"),
        ({"detector_upsample": 5}, "out of range"),
        ({"smoothing_time_constant_s": -1.0}, "out of range"),
        ({"smoothing_time_constant_s": float("nan")}, "out of range"),
        ({"cameras": ["front", "rear view"]}, "has 'rear view', which cannot be a part"),
        ({"cameras": ["front", "rear", "front"]}, "has front more than once"),
    ],
)
def test_a_bad_value_at_the_start_is_an_error(
    make_node: Callable[..., Node], given: dict[str, ParameterValue], complaint: str
) -> None:
    with pytest.raises(InvalidParameterValueException, match=complaint):
        declare_all(make_node(**given))


def test_a_value_of_another_type_at_the_start_is_an_error(make_node: Callable[..., Node]) -> None:
    with pytest.raises(InvalidParameterTypeException, match="expecting type 'DOUBLE'"):
        declare_all(make_node(max_coast_s=2))


def test_changes_are_applied_once_together(make_node: Callable[..., Node]) -> None:
    node = make_node()
    applied: list[ParameterValues] = []
    declare_all(node, applied.append, may_reconfigure=False)

    assert set_parameters(node, min_face_score=0.5, max_coast_s=3.0) == ""

    assert [follower_settings(values).tracker.max_coast_s for values in applied] == [3.0]
    assert [follower_settings(values).min_face_score for values in applied] == [0.5]


def test_what_another_callback_refuses_is_not_applied(make_node: Callable[..., Node]) -> None:
    node = make_node()
    applied: list[ParameterValues] = []
    declare_all(node, applied.append)
    refusal = SetParametersResult(successful=False, reason="not now")
    # Called before and after the node's own.
    node.add_on_set_parameters_callback(lambda parameters: refusal)

    assert set_parameters(node, max_coast_s=3.0) == "not now"
    assert applied == []
    assert node.get_parameter("max_coast_s").value == DEFAULTS["max_coast_s"]


class HumbleNode(Node):
    """rclpy before Iron has no post-set callbacks."""

    @property
    def add_post_set_parameters_callback(self) -> None:  # type: ignore[override]
        raise AttributeError


def test_without_post_set_callbacks_it_is_applied_last(make_node: Callable[..., Node]) -> None:
    node = make_node(node_type=HumbleNode)
    applied: list[ParameterValues] = []
    declare_all(node, applied.append)
    refuses = [True]
    node.add_on_set_parameters_callback(
        lambda parameters: SetParametersResult(successful=not refuses[0], reason="")
    )

    node.set_parameters([Parameter("max_coast_s", value=3.0)])
    assert applied == []
    refuses[0] = False
    node.set_parameters([Parameter("max_coast_s", value=4.0)])
    assert [values["max_coast_s"] for values in applied] == [4.0]


def test_a_file_may_set_values_in_any_order(make_node: Callable[..., Node]) -> None:
    node = make_node()
    parameters = declare_all(node, may_reconfigure=False)

    for name, value in (("detection_interval_s", 2.0), ("max_coast_s", 3.0)):
        (result,) = node.set_parameters([Parameter(name, value=value)])
        assert result.successful, result.reason

    assert list(questionable_combinations(parameters.values())) == []
    set_parameters(node, max_coast_s=1.0)
    (problem,) = questionable_combinations(parameters.values())
    assert "max_coast_s (1) is shorter than detection_interval_s (2)" in problem


@pytest.mark.parametrize(
    ("cameras", "names"), [([""], [""]), (["front", "rear_2"], ["front", "rear_2"])]
)
def test_names_of_cameras(
    make_node: Callable[..., Node], cameras: list[str], names: list[str]
) -> None:
    assert camera_names(declare_all(make_node(cameras=cameras)).values()["cameras"]) == names


def test_what_the_node_does_not_have_is_told_apart_from_misspellings(
    make_node: Callable[..., Node],
) -> None:
    overrides = {
        "min_face_sise_px": 3,
        "rate_hz": 5.0,
        "reliability": "reliable",
        "max_coast_s": 2.0,
        "use_sim_time": False,
        "qos_overrides./image.subscription.depth": 3,
    }
    node = make_node(**overrides)
    declare_all(node)

    assert sorted(unknown_parameters(node), key=lambda unknown: unknown.name) == [
        UnknownParameter("min_face_sise_px", "min_face_size_px"),
        UnknownParameter("rate_hz", None),
        UnknownParameter("reliability", None),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"min_face_score": -0.5}, "out of range"),
        ({"max_coast_s": float("nan")}, "max_coast_s out of range"),
        ({"max_coast_s": float("inf")}, "max_coast_s"),
        ({"min_detections": 0}, "out of range"),
        ({"cameras": ["a", "a"]}, "cameras counts when the node is configured"),
        ({"min_face_score": 1}, "Wrong parameter type"),
        ({"autostart": False}, "read-only"),
        ({"device": "cuda"}, "device counts when the node is configured"),
        ({"min_face_score": 0.5, "detector": "dlib_hog"}, "detector counts when"),
    ],
)
def test_a_bad_change_is_refused_with_a_reason(
    make_node: Callable[..., Node], change: dict[str, ParameterValue], reason: str
) -> None:
    node = make_node()
    applied: list[ParameterValues] = []
    parameters = declare_all(node, applied.append, may_reconfigure=False)

    assert reason in set_parameters(node, **change)

    assert applied == []
    assert parameters.values() == DEFAULTS


def test_before_configure_the_models_can_be_chosen(make_node: Callable[..., Node]) -> None:
    node = make_node()
    parameters = declare_all(node)

    assert set_parameters(node, device="cuda:1", detector="dlib_hog") == ""
    assert "must be one of: mmod, yunet, dlib_cnn, dlib_hog" in set_parameters(
        node, detector="viola"
    )

    assert model_choice(parameters.values()).device == "cuda:1"


def test_a_text_that_looks_like_an_integer_is_taken(make_node: Callable[..., Node]) -> None:
    values = NodeParameters(make_node(source=0), IMAGE_SOURCE_PARAMETERS).values()

    assert str(values["source"]) == "0"
    with pytest.raises(InvalidParameterValueException, match="it must be text or an integer"):
        NodeParameters(make_node(source=0.5), IMAGE_SOURCE_PARAMETERS)


@pytest.mark.parametrize("spec", [*EMOTION_PARAMETERS, *IMAGE_SOURCE_PARAMETERS])
def test_every_parameter_is_described(spec: ParameterSpec) -> None:
    descriptor: ParameterDescriptor = spec.descriptor()

    assert descriptor.description.endswith(".")
    assert descriptor.read_only == (spec.changes is Changes.AT_START)
    assert spec.problem_with(spec.default) is None
    if isinstance(spec.default, (int, float)) and not isinstance(spec.default, bool):
        ranges = (descriptor.integer_range, descriptor.floating_point_range)
        limits = ranges[isinstance(spec.default, float)][0]
        assert limits.from_value <= spec.default <= limits.to_value
        assert type(limits.from_value) is type(spec.default)
    assert all(choice in descriptor.additional_constraints for choice in spec.choices)


def test_tables_name_every_parameter_and_topic() -> None:
    parameters = documentation.SECTIONS["emotion_node_parameters"]()
    outputs = documentation.SECTIONS["emotion_node_outputs"]()

    assert [line.split("`")[1] for line in parameters.splitlines()[2:]] == list(DEFAULTS)
    assert "| `emotions` | `glamor_ros/PersonEmotionArray` |" in outputs
    assert len({line.count(" | ") for line in parameters.splitlines()}) == 1
