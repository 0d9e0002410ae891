"""One stage of training, in the form that Lightning runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric
from torchmetrics.classification import MulticlassAccuracy

from ...network.decision_fusion import Decision
from ...network.emotions import EMOTIONS
from ...network.glamor_net import GlamorNet, GlamorOutput
from ...network.input_spec import InputSpec
from ..data.emotion_dataset import Batch, NetworkInputs
from ..data.joint_augmentation import JointAugmentation
from ..evaluation.evaluate import network_inputs
from .distillation import Teachers
from .losses import (
    attention_concentration,
    attention_guidance,
    weighted_cross_entropies,
    weighted_cross_entropy,
)
from .optimizers import parameter_groups
from .stage_recipe import StageRecipe

# What is logged of each epoch, as "train/…" and "validation/…".
LOSS, ACCURACY = "loss", "accuracy"
FACE_WEIGHT, CONTEXT_WEIGHT = "fusion_weight_face", "fusion_weight_context"


class NetworkBatch(NamedTuple):
    """A batch of the network's inputs with their labels.

    Attributes:
        inputs: N of them.
        distributions: (N, 7), rows sum to 1.
    """

    inputs: NetworkInputs
    distributions: Tensor


class EpochMetrics(nn.Module):
    """The means over the samples of an epoch, of all processes together."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = MeanMetric()
        self.accuracy = MulticlassAccuracy(len(EMOTIONS), average="micro")
        self.face_weight = MeanMetric()
        self.context_weight = MeanMetric()

    def update(self, loss: Tensor, output: GlamorOutput, distributions: Tensor) -> None:
        """Take the samples of a batch in.

        Args:
            loss: The mean over the batch.
            output: What the network says of it.
            distributions: The labels, (N, 7).
        """
        self.loss.update(loss.detach(), len(distributions))
        self.accuracy.update(output.logits.detach(), distributions.argmax(dim=1))
        if output.fusion_weights is not None:
            weights = output.fusion_weights.detach().float()
            self.face_weight.update(weights[:, 0])
            self.context_weight.update(weights[:, 1])

    def named(self, *, fuses: bool) -> dict[str, Metric]:
        """The metrics to log, by name.

        Args:
            fuses: Whether the network has fusion weights.
        """
        metrics: dict[str, Metric] = {LOSS: self.loss, ACCURACY: self.accuracy}
        if fuses:
            metrics |= {FACE_WEIGHT: self.face_weight, CONTEXT_WEIGHT: self.context_weight}
        return metrics


class StageModule(LightningModule):
    """The training of a whole network as a stage of a recipe says.

    Batches of prepared samples (see EmotionDataset) are augmented, or cut from their centre, on the
    device. What is random in an epoch depends on the seed, the epoch and the process alone, so that
    a run continued from the last epoch is the run that was not interrupted.

    Args:
        network: The network; all of it is trained, except for what is frozen.
        input_spec: The sizes of its inputs.
        recipe: How it is trained.
        augmentation: Random changes to the training samples.
        seed: Decides everything that is drawn.
        face_classifier: What the face's own loss is of, see `build_face_classifier`; None where
            the recipe has no such loss.
        context_classifier: What the context's own loss is of, see `build_context_classifier`; None
            where the recipe has no such loss.
        teachers: The networks to learn of, where the recipe does.
    """

    def __init__(
        self,
        network: GlamorNet,
        input_spec: InputSpec,
        recipe: StageRecipe,
        augmentation: JointAugmentation,
        seed: int,
        face_classifier: nn.Module | None = None,
        context_classifier: nn.Module | None = None,
        teachers: Teachers | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.face_classifier = face_classifier
        self.context_classifier = context_classifier
        self._input_spec = input_spec
        self._recipe = recipe
        self._augmentation = augmentation
        self._seed = seed
        self._teachers = teachers
        self._generator = torch.Generator()
        self.train_metrics = EpochMetrics()
        self.validation_metrics = EpochMetrics()
        for classifier in filter(None, (network.classifier, face_classifier)):
            for module in classifier.modules():
                if isinstance(module, nn.Dropout):
                    module.p = recipe.dropout
        for name in recipe.frozen:
            if name in self.trained_parts:
                self.trained_parts[name].requires_grad_(False)
        if recipe.channels_last:
            self.to(memory_format=torch.channels_last)

    @property
    def trained_parts(self) -> dict[str, nn.Module]:
        """What is trained, by the names that recipes have for it."""
        parts = dict(self.network.named_children())
        if self.face_classifier is not None:
            parts["face_classifier"] = self.face_classifier
        if self.context_classifier is not None:
            parts["context_classifier"] = self.context_classifier
        return parts

    def train(self, mode: bool = True) -> StageModule:
        """Set the mode; what is frozen stays in evaluation mode, for its statistics stay, too."""
        super().train(mode)
        for name in self._recipe.frozen:
            if name in self.trained_parts:
                self.trained_parts[name].eval()
        return self

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        recipe, schedule = self._recipe, self._recipe.schedule
        groups = parameter_groups(
            self.trained_parts,
            recipe.learning_rate,
            recipe.weight_decay,
            recipe.learning_rate_factors,
        )
        optimizer = recipe.optimizer.build(groups)
        steps_per_epoch = int(self.trainer.estimated_stepping_batches) / recipe.epochs

        def scale(step: int) -> float:
            # The middle of the step: a warm-up starts above 0, a cosine ends there.
            epoch = (step + 0.5) / steps_per_epoch
            rate = schedule.learning_rate(recipe.learning_rate, epoch, recipe.epochs)
            return rate / recipe.learning_rate

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, scale)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def on_fit_start(self) -> None:
        # Lightning keeps the modes that it finds.
        self.train()
        if self._teachers is not None:
            self._teachers.to(self.device)

    def on_train_epoch_start(self) -> None:
        self._generator = torch.Generator(self.device).manual_seed(self._drawn_seed())

    def on_train_batch_start(self, batch: NetworkBatch, batch_idx: int) -> None:
        # For dropout. Not once an epoch: data loaders draw from the same generator, and in a run
        # that goes on at another time.
        torch.manual_seed(self._drawn_seed(batch_idx))

    def _drawn_seed(self, *step: int) -> int:
        origin = [self._seed, self.global_rank, self.current_epoch, *step]
        return int(np.random.SeedSequence(origin).generate_state(1)[0])

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> NetworkBatch:
        faces, contexts, distributions = batch
        if not self.trainer.training:
            return NetworkBatch(network_inputs(faces, contexts, self._input_spec), distributions)
        augmentation, spec, face_size = self._augmentation, self._input_spec, None
        phase = self._recipe.face_phase(self.current_epoch)
        if phase is not None:
            augmentation = augmentation.at_strength(phase.augmentation_strength)
            size_px = phase.draw_size_px(self._generator)
            face_size = size_px, size_px
        if self.network.context_encoder is None:
            # Nobody looks at it.
            spec = replace(spec, context_crop=(1, 1))
        inputs = augmentation(faces, contexts, spec, self._generator, face_size)
        return NetworkBatch(inputs, distributions)

    def training_step(self, batch: NetworkBatch, batch_idx: int) -> Tensor:
        inputs, distributions = batch
        if self._recipe.mixup is not None:
            inputs, distributions = self._recipe.mixup(inputs, distributions)
        inputs = self._in_memory_order(inputs)
        output = self._output(inputs)
        loss = self._training_loss(output, inputs, distributions)
        self._log_metrics(self.train_metrics, "train", loss, output, distributions)
        return loss

    def validation_step(self, batch: NetworkBatch, batch_idx: int) -> Tensor:
        output = self._output(self._in_memory_order(batch.inputs))
        loss = weighted_cross_entropy(output.decisions, batch.distributions)
        self._log_metrics(self.validation_metrics, "validation", loss, output, batch.distributions)
        return loss

    def _in_memory_order(self, inputs: NetworkInputs) -> NetworkInputs:
        if not self._recipe.channels_last:
            return inputs
        faces, contexts = (
            images.contiguous(memory_format=torch.channels_last)
            for images in (inputs.faces, inputs.contexts)
        )
        return inputs._replace(faces=faces, contexts=contexts)

    def _output(self, inputs: NetworkInputs) -> GlamorOutput:
        output: GlamorOutput = self.network(
            inputs.faces, inputs.contexts, own_faces=inputs.own_faces
        )
        return output

    def _training_loss(
        self, output: GlamorOutput, inputs: NetworkInputs, distributions: Tensor
    ) -> Tensor:
        recipe = self._recipe
        decided = _decided(inputs)
        opinion = None
        if recipe.distillation is not None and self._teachers is not None:
            opinion = self._teachers.probabilities(inputs, recipe.distillation.temperature)

        def classification(decisions: Sequence[Decision]) -> Tensor:
            losses = weighted_cross_entropies(decisions, distributions, recipe.label_smoothing)
            if recipe.distillation is None or opinion is None:
                return losses.mean()
            of_teachers = [
                decision.weight * recipe.distillation.losses(decision.logits, opinion)
                for decision in decisions
            ]
            weights = recipe.distillation.weights(decided)
            return torch.lerp(losses, torch.stack(of_teachers).sum(dim=0), weights).mean()

        loss = classification(output.decisions)
        if self.face_classifier is not None:
            logits = self.face_classifier(output.face_vector)
            loss = loss + recipe.face_loss_weight * classification([Decision(1.0, logits)])
        if self.context_classifier is not None and decided.any():
            of_context = Decision(1.0, self.context_classifier(output.context_vector[decided]))
            loss = loss + recipe.context_loss_weight * weighted_cross_entropy(
                [of_context], distributions[decided], recipe.label_smoothing
            )
        if recipe.attention_guidance_weight:
            assert output.attention is not None
            assert inputs.deciders is not None
            guidance = attention_guidance(output.attention, inputs.deciders, inputs.own_faces)
            loss = loss + recipe.attention_guidance_weight * guidance
        if recipe.attention_concentration_weight and output.attention is not None:
            concentration = attention_concentration(output.attention)
            loss = loss + recipe.attention_concentration_weight * concentration
        return loss

    def _log_metrics(
        self,
        metrics: EpochMetrics,
        name: str,
        loss: Tensor,
        output: GlamorOutput,
        distributions: Tensor,
    ) -> None:
        metrics.update(loss, output, distributions)
        for key, metric in metrics.named(fuses=output.fusion_weights is not None).items():
            self.log(
                f"{name}/{key}", metric, on_step=False, on_epoch=True, prog_bar=key == ACCURACY
            )


def _decided(inputs: NetworkInputs) -> Tensor:
    """Whom another person in the scene decides, (N,), bool; nobody where that is not known."""
    if inputs.deciders is None:
        return torch.zeros(len(inputs.faces), dtype=torch.bool, device=inputs.faces.device)
    return inputs.deciders.flatten(1).any(dim=1)
