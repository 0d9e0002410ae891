"""Export to ONNX, for TensorRT, OpenVINO and C++.

Two graphs, because a context is encoded once for all people in it:
context_encoder.onnx: contexts (C, 3, 112, 112), RGB in [0, 1], to cells and projection (C, 49, K).
person.onnx: faces (P, 3, 96, 96), RGB in [0, 1], with cells, projection and context_index (P,),
    which names the context of each person, to probabilities (P, 7), attention (P, 7, 7) and
    fusion_weights (P, 2), face and context. Where input_spec.context_faces is "others_visible",
    there is one more input, left_out (P, 49), bool, row-major: the cells of the context that the
    person's own face covers, as `attention.cells_of_own_face` defines them; never all of a person.
C and P are dynamic. A network that does without some of these lacks them, or the whole context
encoder. model.json and each graph's metadata say what the inputs and outputs are.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import onnx
import torch
from torch import Tensor, nn

from ...atomic_file import atomic_write
from ..attention import ContextEncoding
from ..batch_norm_folding import folded_for_inference
from ..emotions import EMOTIONS
from ..glamor_net import GlamorNet
from ..weights.checkpoint import Checkpoint

FORMAT = "glamor_ros.onnx.1"
OPSET = 18
CONTEXT_ENCODER_FILE, PERSON_FILE, DESCRIPTION_FILE = (
    "context_encoder.onnx",
    "person.onnx",
    "model.json",
)

PEOPLE, CONTEXTS = "people", "contexts"


class ContextEncoderGraph(nn.Module):
    """The part of the network that is computed once for each context.

    Attributes:
        inputs: The names of the inputs, in order, with what their first dimension counts.
    """

    inputs: Mapping[str, str] = {"contexts": CONTEXTS}
    outputs = ("cells", "projection")

    def __init__(self, network: GlamorNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        encoding = self.network.encode_context(*inputs)
        return encoding.cells, encoding.projection


class PersonGraph(nn.Module):
    """The part of the network that is computed for each person; it takes and gives what there is.

    Attributes:
        inputs: The names of the inputs, in order, with what their first dimension counts.

    Args:
        network: The network.
        cells: Height and width of the context's feature map.
        leaves_out_own_face: Whether it takes the cells that each person's attention leaves out.
    """

    def __init__(
        self, network: GlamorNet, cells: tuple[int, int], *, leaves_out_own_face: bool
    ) -> None:
        super().__init__()
        self.network = network
        self.inputs: dict[str, str] = {}
        if network.face_encoder is not None:
            self.inputs["faces"] = PEOPLE
        if network.attention is not None:
            self.inputs |= {"cells": CONTEXTS, "projection": CONTEXTS, "context_index": PEOPLE}
            if leaves_out_own_face:
                self.inputs["left_out"] = PEOPLE
        self._cells = cells

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The probabilities, and of attention and fusion_weights those that the network has."""
        return tuple(self.named_outputs(*inputs).values())

    def named_outputs(self, *inputs: Tensor) -> dict[str, Tensor]:
        """The outputs by name."""
        given = dict(zip(self.inputs, inputs, strict=True))
        people = given["faces"] if "faces" in given else given["context_index"]
        faces = given.get("faces", torch.empty(people.shape[0], 0))
        nothing = faces.new_empty(people.shape[0], 0, 0)
        context = ContextEncoding(nothing, nothing, 0, 0)
        if "cells" in given:
            index = given["context_index"]
            cells, projection = (
                given[name].index_select(0, index) for name in ("cells", "projection")
            )
            context = ContextEncoding(cells, projection, *self._cells)
        face_vector = self.network.encode_faces(faces)
        output = self.network.recognize(face_vector, context, given.get("left_out"))
        outputs = {
            "probabilities": output.probabilities,
            "attention": output.attention,
            "fusion_weights": output.fusion_weights,
        }
        return {name: value for name, value in outputs.items() if value is not None}


@dataclass(frozen=True)
class ExampleInputs:
    """Random inputs of the network's sizes, for tracing and checking; the same in every run.

    Attributes:
        checkpoint: The network, and the sizes of its inputs.
        network: The network with its normalisations folded.
        generator: The source of the random numbers.
    """

    checkpoint: Checkpoint
    network: GlamorNet
    generator: torch.Generator = field(default_factory=torch.Generator)

    def contexts(self, count: int) -> Tensor:
        """Contexts (count, 3, 112, 112) in [0, 1]."""
        return self._images(count, self.checkpoint.input_spec.context_crop)

    def of_people(self, people: int, contexts: int) -> dict[str, Tensor]:
        """Everything that a person graph may take; person i is in context i modulo contexts.

        Args:
            people: The number of people.
            contexts: The number of contexts.
        """
        with torch.inference_mode():
            encoding = self.network.encode_context(self.contexts(contexts))
        faces = self._images(people, self.checkpoint.input_spec.face_size)
        left_out = torch.rand(people, encoding.cells.shape[1], generator=self.generator) < 0.3
        left_out[:, :1] = False  # Never all of a person.
        return {
            "faces": faces,
            "cells": encoding.cells.clone(),
            "projection": encoding.projection.clone(),
            "context_index": torch.arange(people) % contexts,
            "left_out": left_out,
        }

    def _images(self, count: int, size: tuple[int, int]) -> Tensor:
        return torch.rand(count, 3, *size, generator=self.generator)


def graphs_of(checkpoint: Checkpoint) -> dict[str, ContextEncoderGraph | PersonGraph]:
    """The modules of the graphs by file name, their normalisations folded into convolutions."""
    network = folded_for_inference(checkpoint.network)
    with torch.inference_mode():
        encoding = network.encode_context(ExampleInputs(checkpoint, network).contexts(1))
    graphs: dict[str, ContextEncoderGraph | PersonGraph] = {}
    if network.context_encoder is not None:
        graphs[CONTEXT_ENCODER_FILE] = ContextEncoderGraph(network).eval()
    graphs[PERSON_FILE] = PersonGraph(
        network,
        (encoding.height, encoding.width),
        leaves_out_own_face=checkpoint.input_spec.leaves_out_own_face,
    ).eval()
    return graphs


def export_onnx(checkpoint: Checkpoint, directory: Path) -> list[Path]:
    """Write the graphs and model.json, each file whole or not at all.

    Args:
        checkpoint: The network.
        directory: Where the files go.

    Returns:
        The paths of the files.

    Raises:
        OutputError: A file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    facts = _facts(checkpoint)
    descriptions, paths = {}, []
    for name, graph in graphs_of(checkpoint).items():
        examples = ExampleInputs(checkpoint, graph.network)
        # Sizes that differ from each other and from 1, which the tracer would take for constants.
        everything = examples.of_people(people=3, contexts=2) | {"contexts": examples.contexts(2)}
        model = _traced(graph, {one: everything[one] for one in graph.inputs})
        onnx.helper.set_model_props(model, {key: json.dumps(value) for key, value in facts.items()})
        onnx.checker.check_model(model, full_check=True)
        paths.append(directory / name)
        atomic_write(paths[-1], model.SerializeToString())
        descriptions[name] = {
            "inputs": [_described(value) for value in model.graph.input],
            "outputs": [_described(value) for value in model.graph.output],
        }
    content = {"format": FORMAT, "opset": OPSET, **facts, "graphs": descriptions}
    text = json.dumps(content, indent=2) + "\n"
    paths.append(directory / DESCRIPTION_FILE)
    atomic_write(paths[-1], text.encode())
    return paths


def _facts(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "classes": EMOTIONS,
        "input_spec": asdict(checkpoint.input_spec),
        "architecture": asdict(checkpoint.architecture),
        "provenance": dict(checkpoint.provenance),
    }


def _traced(
    graph: ContextEncoderGraph | PersonGraph, examples: Mapping[str, Tensor]
) -> onnx.ModelProto:
    inputs = tuple(examples.values())
    if isinstance(graph, PersonGraph):
        outputs: Sequence[str] = tuple(graph.named_outputs(*inputs))
    else:
        outputs = graph.outputs
    counts = {name: torch.export.Dim(name) for name in dict.fromkeys(graph.inputs.values())}
    first_dimensions = tuple({0: counts[count]} for count in graph.inputs.values())
    with _quiet():
        program = torch.onnx.export(
            graph,
            inputs,
            input_names=list(examples),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=(first_dimensions,),
            verbose=False,
        )
    return cast(torch.onnx.ONNXProgram, program).model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's warnings of its own deprecations, and of the lack of torchvision."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _described(value: onnx.ValueInfoProto) -> dict[str, Any]:
    tensor = value.type.tensor_type
    return {
        "name": value.name,
        "type": onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name,
        "shape": [size.dim_param or size.dim_value for size in tensor.shape.dim],
    }
