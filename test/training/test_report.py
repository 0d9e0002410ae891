"""Evaluations find their rows in the paper's tables; what was not run says so."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from glamor_ros.network.architecture import Architecture, build_glamor_net, stored_values
from glamor_ros.network.input_spec import InputSpec
from glamor_ros.training.evaluation.evaluation_record import (
    DatasetRecord,
    EvaluationRecord,
    EvaluationRecordError,
    find_records,
    load_records,
    save_records,
)
from glamor_ros.training.evaluation.paper_tables import PAPER_RESULTS, PaperResult
from glamor_ros.training.evaluation.report import Report, ReportRow
from glamor_ros.training.fit.recipe import load_recipe, shipped_recipes


def record(
    accuracy: float = 0.5,
    kind: str = "ncaer_s",
    split: str | None = "test",
    context_faces: str = "masked",
    **architecture: Any,
) -> EvaluationRecord:
    return EvaluationRecord(
        weights="runs/a/best.safetensors",
        architecture=asdict(Architecture.from_fields({"classifier_units": 256} | architecture)),
        input_spec=json.loads(json.dumps(asdict(InputSpec(context_faces=context_faces)))),
        stored_values=2_228_362,
        dataset=DatasetRecord(kind, "/data/x", split, 0),
        metrics={"accuracy": accuracy, "samples": 100},
    )


def measured(report: Report) -> list[tuple[int, str, str]]:
    return [
        (row.paper.table, row.paper.method, row.paper.dataset)
        for row in report.rows
        if row.measured
    ]


def test_the_papers_network_is_in_all_tables() -> None:
    assert measured(Report.of([record()])) == [
        (3, "GLAMOR-Net (original)", "ncaer_s"),
        (4, "(iv) face and masked context, GLA", "ncaer_s"),
        (6, "Fusion Net", "ncaer_s"),
        (7, "Original", "ncaer_s"),
    ]
    assert measured(Report.of([record(kind="caer_s")])) == [
        (2, "GLAMOR-Net (original)", "caer_s"),
        (7, "Original", "caer_s"),
    ]


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({"fusion": "add"}, [(6, "Fusion Add")]),
        ({"fusion": "max"}, [(6, "Fusion Max")]),
        ({"classifier_inputs": "face"}, [(4, "(i) face")]),
        (
            {"classifier_inputs": "context", "attention": "none"},
            [(4, "(ii) masked context")],
        ),
        (
            {"classifier_inputs": "context", "context_faces": "visible"},
            [(4, "(iii) full context, GLA")],
        ),
        ({"attention": "context_only"}, [(4, "(iv) face and masked context, CA")]),
        (
            {"family": "caer_net_s"},
            [(3, "CAER-Net-S"), (4, "(iv) face and masked context, CA")],
        ),
        ({"family": "vgg16"}, [(3, "VGG16")]),
        ({"family": "vgg16", "kind": "caer_s"}, [(2, "Fine-tuned VGGNet")]),
        ({"family": "frozen_vgg16", "kind": "caer_s"}, [(2, "ImageNet-VGGNet")]),
        ({"family": "frozen_vgg16"}, []),
        ({"family": "alexnet", "kind": "caer_s"}, [(2, "Fine-tuned AlexNet")]),
        ({"family": "frozen_alexnet", "kind": "caer_s"}, [(2, "ImageNet-AlexNet")]),
        ({"family": "frozen_resnet50", "kind": "caer_s"}, [(2, "ImageNet-ResNet")]),
        ({"family": "efficient_face", "kind": "caer_s"}, [(2, "EfficientFace")]),
        ({"family": "ma_net", "kind": "caer_s"}, [(2, "MA-Net")]),
        ({"encoder": "mobilenet_v2"}, [(7, "MobileNetV2")]),
        ({"context_faces": "visible"}, []),
        ({"encoder": "resnet18", "fusion": "add"}, []),
        ({"kind": "manifest", "split": None}, []),
        ({"split": "validation"}, []),
    ],
)
def test_rows_by_network_dataset_and_split(
    fields: dict[str, Any], rows: list[tuple[int, str]]
) -> None:
    report = Report.of([record(**fields)])
    assert [(table, method) for table, method, _ in measured(report)] == rows
    assert len(report.others) == (0 if rows else 1)


def test_every_row_of_this_package_is_a_network_that_exists() -> None:
    """No row can be reached only by a network that cannot be built."""
    reachable = set()
    for result in PAPER_RESULTS:
        if result.network is None:
            continue
        fields = {name: v for name, v in result.network.items() if name != "context_faces"}
        architecture = Architecture.from_fields({"classifier_units": 256} | fields)
        with torch.device("meta"):
            values = stored_values(build_glamor_net(architecture))
        if result.stored_millions:
            assert round(values / 1e6, 2) == result.stored_millions
        reachable.add((result.table, result.method))
    assert len(reachable) == 30


def test_a_row_without_network_says_why() -> None:
    without = {result.method: result for result in PAPER_RESULTS if result.network is None}
    assert set(without) == {"GRERN", "Dubey et al."}
    rows = [line.split(" | ") for line in Report.of([]).markdown().splitlines()]
    for method, result in without.items():
        (row,) = (row for row in rows if row[0] == f"| {method}")
        assert row[3] == f"not in this package: {result.absence}"
        assert len(result.absence) > 20
    assert not any(result.absence for result in PAPER_RESULTS if result.network is not None)


def test_every_recipe_trains_the_network_of_its_row() -> None:
    rows = {(r.table, r.method, r.dataset): r for r in PAPER_RESULTS if r.network is not None}
    recipes = [load_recipe(path) for path in shipped_recipes().values()]
    reached = set()
    for recipe in recipes:
        if recipe.paper is not None:
            key = (recipe.paper.table, recipe.paper.method, recipe.paper.dataset)
            network = {**asdict(recipe.inputs), **asdict(recipe.model)}
            assert rows[key].is_of(recipe.paper.dataset, network), key
            reached.add(key)
    assert reached == set(rows)


def test_markdown_says_what_was_run_and_what_not() -> None:
    markdown = Report.of([record(0.46), record(0.48), record(0.9, "manifest", None)]).markdown()
    assert (
        "| GLAMOR-Net (original) | NCAER-S | 46.91 | 47.00 (mean of 2, 46.00 to 48.00) | +0.09 |"
        in markdown
    )
    assert "| CAER-Net-S | NCAER-S | 44.14 | not run |  |" in markdown
    assert "| MA-Net | CAER-S | 88.42 | not run |  |" in markdown
    assert "| GRERN | CAER-S | 81.31 | not in this package: " in markdown
    assert " (mean of 2, 46.00 to 48.00) | +0.09 | 2.23M | 2,228,362 |" in markdown
    assert "4 of the 33 results that this package has a network for were measured" in markdown
    assert "29 were not run" in markdown
    assert "- runs/a/best.safetensors on /data/x (a manifest): 90.00" in markdown
    for table in (2, 3, 4, 6, 7):
        assert f"## Table {table}: " in markdown
    for line in markdown.splitlines():
        if line.startswith("|"):
            assert line.count("|") in (6, 8)


def test_json_has_every_row() -> None:
    content = json.loads(json.dumps(Report.of([record(0.46)]).as_dict()))
    assert len(content["rows"]) == len(PAPER_RESULTS)
    row = next(r for r in content["rows"] if r["table"] == 6 and r["method"] == "Fusion Net")
    assert row["status"] == "measured"
    assert row["difference_percent"] == pytest.approx(-0.91)
    assert row["measured"][0]["accuracy_percent"] == pytest.approx(46)
    assert {r["status"] for r in content["rows"]} == {"measured", "not run", "not in this package"}


def test_the_tables_are_the_papers(shared_dir: Path) -> None:
    """Every figure stands in the paper's text, in the line of its method."""
    lines = (shared_dir / "design/paper.md").read_text(encoding="utf-8").splitlines()
    spelled = {"Original": "Original [", "GLAMOR-Net (ResNet-18)": "ResNet-18"}
    for result in PAPER_RESULTS:
        figure = f"{result.accuracy_percent:.2f}"
        candidates = [line for line in lines if re.search(rf"\t{figure}(\t|$)", line)]
        assert candidates, (result.method, figure)
        if result.table in (2, 3, 7):
            method = spelled.get(result.method, result.method).split(" [")[0]
            assert any(method in line for line in candidates), (result.method, figure)


def test_records_come_back(tmp_path: Path) -> None:
    first, second = record(0.1), record(0.2, kind="caer_s", split="test")
    save_records([first, second], tmp_path / "run_a" / "evaluation.json")
    save_records([second], tmp_path / "run_b" / "deep" / "other_name.json")
    (tmp_path / "run_a" / "config.json").write_text('{"format": "something else"}')
    (tmp_path / "run_a" / "torn.json").write_text("{")
    assert find_records([tmp_path]) == [first, second, second]
    assert find_records([tmp_path / "run_a" / "evaluation.json"]) == [first, second]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": "glamor_ros.evaluation.1"}'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(content)
    with pytest.raises(EvaluationRecordError, match=r"evaluation\.json is no result"):
        load_records(path)
    with pytest.raises(EvaluationRecordError, match=r"absent\.json is no result"):
        load_records(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("architecture", "original", "architecture is 'original', expected keys"),
        ("metrics", {"accuracy": "high"}, "metrics.accuracy is 'high', expected a number"),
        ("metrics", [0.5], "metrics is"),
        ("dataset", 5, "is no result"),
    ],
)
def test_fields_of_another_type_are_refused(
    tmp_path: Path, field: str, value: object, message: str
) -> None:
    path = tmp_path / "evaluation.json"
    save_records([record(0.1)], path)
    content = json.loads(path.read_bytes())
    content["evaluations"][0][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(EvaluationRecordError, match=message):
        load_records(path)


def test_status_of_a_row_without_network() -> None:
    row = ReportRow(PaperResult(2, "Somebody", "caer_s", 10.0), ())
    assert (row.status, row.difference_percent) == ("not in this package", None)
