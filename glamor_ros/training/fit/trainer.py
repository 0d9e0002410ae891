"""A whole training run: the stages of a recipe in order, each fitted by Lightning's Trainer."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from ...network.architecture import Architecture, build_glamor_net
from ...network.encoders import load_pretrained_weights
from ...network.glamor_net import GlamorNet
from ...network.weights.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ..data.batch_sampling import Shard
from .branch_training import branch_architectures, take_encoders
from .context_classifier import build_context_classifier
from .data_module import EmotionDataModule
from .face_network import build_face_classifier, face_architecture, face_network
from .given_weights import (
    GivenWeights,
    describe_given_weights,
    load_given_weights,
    require_given_weights,
)
from .lightning_module import StageModule
from .provenance import provenance
from .recipe import Recipe
from .run_directory import RunDirectory, StageDirectory, face_weights
from .run_settings import RunSettings, TrainingError
from .stage_recipe import StageRecipe
from .start_weights import begin_as_face, take_parts
from .training_callbacks import AveragedWeights, BestWeights, FusionWatch, epoch_figures
from .training_data import TrainingData

JOINT = "joint"

_EXPECTED_WARNINGS = (
    "You have overridden `on_after_batch_transfer` in `LightningModule`",
    "Checkpoint directory .* exists and is not empty",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
    "The '.*_dataloader' does not have many workers",
    "Total length of `list` across ranks is zero",
    # A frozen encoder.
    r"Found \d+ module\(s\) in eval mode at the start of training",
)


@dataclass(frozen=True)
class TrainedNetwork:
    """The weights that a run has given.

    Attributes:
        best: The most accurate weights in validation; None without validation data.
        last: The weights of the last epoch.
        figures: What was measured in the last epoch, by name.
    """

    best: Path | None
    last: Path
    figures: Mapping[str, Any]


def train(
    recipe: Recipe,
    data: TrainingData,
    settings: RunSettings,
    callbacks: Callable[[str], list[Callback]] = lambda stage: [],
) -> TrainedNetwork:
    """Train a network from the start to the end, or from where the run was interrupted.

    Args:
        recipe: What is trained and how.
        data: The samples.
        settings: Where it is run.
        callbacks: Gives further callbacks for each stage: "face", "context" or "joint".

    Raises:
        TrainingError: Weights that the recipe needs are missing, or some are given that it has no
            use for, or Lightning refuses a setting.
        StartError: A part of the network cannot start from the one that the recipe names.
        TeacherError: A teacher cannot see what the network in training sees.
        CheckpointError: A teacher, or weights to start from, cannot be read.
        RunError: The folder holds another run, or one that was not to be continued.
        BatchError: The batch size fits neither the samples nor the devices.
        EncoderWeightsError: The encoder weights cannot be used.
    """
    require_given_weights(recipe, settings)
    _require_batches(recipe, data, settings)
    run = _Run(recipe, data, settings, callbacks, load_given_weights(recipe, settings))
    run.begin()
    branches: dict[str, GlamorNet] = {}
    if recipe.stages.branches is not None:
        for name, architecture in branch_architectures(recipe.model).items():
            start = run.load_encoder_weights
            branches[name] = run.stage(name, architecture, recipe.stages.branches, start).network

    def start_joint(network: GlamorNet) -> None:
        if branches:
            take_encoders(network, branches)
        else:
            run.load_encoder_weights(network)

    last = run.stage(JOINT, recipe.model, recipe.stages.joint, start_joint)
    return run.finish(last)


def _require_batches(recipe: Recipe, data: TrainingData, settings: RunSettings) -> None:
    processes = settings.nodes * (settings.devices if settings.devices != "auto" else 1)
    for stage in filter(None, (recipe.stages.branches, recipe.stages.joint)):
        data.batches(stage.batch_size, 0, Shard(0, processes))


class _Run:
    def __init__(
        self,
        recipe: Recipe,
        data: TrainingData,
        settings: RunSettings,
        callbacks: Callable[[str], list[Callback]],
        given: GivenWeights,
    ) -> None:
        self._recipe = recipe
        self._data = data
        self._settings = settings
        self._callbacks = callbacks
        self._given = given
        self._directory = RunDirectory(settings.output)
        self._stages = 0

    def begin(self) -> None:
        # The processes besides the first find the run begun.
        if is_first_process():
            self._directory.begin(self._recipe, self._describe_data(), resume=self._settings.resume)

    def _describe_data(self) -> dict[str, Any]:
        settings = self._settings
        return {
            **self._data.describe(),
            "limit_batches": settings.limit_batches,
            **describe_given_weights(settings),
        }

    def finish(self, last: Checkpoint) -> TrainedNetwork:
        stage = self._directory.stage(JOINT)
        if is_first_process():
            self._directory.finish(stage)
        output = self._directory.path
        return TrainedNetwork(
            output / stage.best.name if stage.best.is_file() else None,
            output / stage.last.name,
            load_checkpoint(stage.last).provenance["figures"],
        )

    def load_encoder_weights(self, network: GlamorNet) -> None:
        if self._settings.encoder_weights is not None:
            for encoder in (network.face_encoder, network.context_encoder):
                if encoder is not None:
                    load_pretrained_weights(encoder, self._settings.encoder_weights)

    def stage(
        self,
        name: str,
        architecture: Architecture,
        recipe: StageRecipe,
        start: Callable[[GlamorNet], None],
    ) -> Checkpoint:
        """The stage's weights, trained now or before; start gives a network its first weights."""
        directory = self._directory.stage(name)
        seed = self._recipe.seed + self._stages
        self._stages += 1
        if not directory.last.is_file():
            # Before the network draws its first weights, in every process the same.
            seed_everything(seed, workers=True, verbose=False)
            network = build_glamor_net(architecture)
            start(network)
            face_classifier = context_classifier = None
            if name == JOINT and recipe.face_loss_weight:
                face_classifier = build_face_classifier(architecture)
            if name == JOINT and recipe.context_loss_weight:
                context_classifier = build_context_classifier(architecture)
            module = StageModule(
                network,
                self._recipe.inputs,
                recipe,
                self._recipe.augmentation,
                seed,
                face_classifier,
                context_classifier,
                self._given.teachers,
            )
            if name == JOINT:
                take_parts(module.trained_parts, self._recipe.start, self._given.start)
                if self._recipe.start_face_weight is not None:
                    begin_as_face(network, self._recipe.start_face_weight)
            self._fit(directory, module, architecture, recipe, seed)
        return load_checkpoint(directory.result)

    def _fit(
        self,
        directory: StageDirectory,
        module: StageModule,
        architecture: Architecture,
        recipe: StageRecipe,
        seed: int,
    ) -> None:
        def save(path: Path, figures: Mapping[str, Any]) -> None:
            network = module.network
            origin = provenance(
                self._recipe.as_dict(),
                self._describe_data(),
                directory.path.name,
                trainer.world_size,
                figures,
            )
            inputs = self._recipe.inputs
            save_checkpoint(Checkpoint(network, architecture, inputs, origin), path)
            if module.face_classifier is not None:
                alone = face_network(network, module.face_classifier, architecture)
                of_face = Checkpoint(alone, face_architecture(architecture), inputs, origin)
                save_checkpoint(of_face, face_weights(path))

        trainer = self._trainer(
            directory, recipe, BestWeights(lambda figures: save(directory.best, figures))
        )
        samples = EmotionDataModule(
            self._data,
            batch_size=recipe.batch_size,
            seed=seed,
            workers=self._settings.workers,
        )
        with warnings.catch_warnings():
            for message in _EXPECTED_WARNINGS:
                warnings.filterwarnings("ignore", message)
            trainer.fit(
                module,
                datamodule=samples,
                ckpt_path=str(directory.resume) if directory.resume.is_file() else None,
                weights_only=True,
            )
        figures = epoch_figures(trainer, trainer.current_epoch)
        if trainer.is_global_zero:
            save(directory.last, figures)
        trainer.strategy.barrier()

    def _trainer(
        self, directory: StageDirectory, recipe: StageRecipe, best_weights: BestWeights
    ) -> Trainer:
        settings = self._settings
        callbacks: list[Callback] = [
            best_weights,
            FusionWatch(),
            LearningRateMonitor("epoch"),
            ModelCheckpoint(
                directory.path,
                filename=directory.resume.stem,
                enable_version_counter=False,
                save_on_train_epoch_end=True,
            ),
            *self._callbacks(directory.path.name),
        ]
        if recipe.averaged_weights_decay is not None:
            callbacks.append(AveragedWeights(recipe.averaged_weights_decay))
        try:
            return Trainer(
                accelerator=settings.accelerator,
                devices=settings.devices,
                num_nodes=settings.nodes,
                strategy=settings.strategy,
                precision=recipe.precision,
                max_epochs=recipe.epochs,
                limit_train_batches=settings.limit_batches,
                limit_val_batches=settings.limit_batches,
                num_sanity_val_steps=0,
                log_every_n_steps=1,
                callbacks=callbacks,
                logger=[
                    CSVLogger(directory.path, name="logs"),
                    TensorBoardLogger(directory.path, name="tensorboard", version=""),
                ],
                # Its own samplers share the work among the processes.
                use_distributed_sampler=False,
                # "warn": where PyTorch has no such operation, the run goes on.
                deterministic="warn" if self._recipe.deterministic else False,
                enable_model_summary=False,
                enable_progress_bar=settings.progress_bar,
            )
        except (MisconfigurationException, ValueError) as error:
            raise TrainingError(f"Lightning cannot run this: {error}") from error


def is_first_process() -> bool:
    """Whether this process leads the run, known even before Lightning has connected them all.

    Lightning, torchrun and SLURM set environment variables in the processes that follow.
    """
    return getattr(rank_zero_only, "rank", 0) == 0 and int(os.environ.get("NODE_RANK", "0")) == 0
