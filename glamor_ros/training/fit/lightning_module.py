"""One stage of training, in the form that Lightning runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric, Metric
from torchmetrics.classification import MulticlassAccuracy

from ...network.decision_fusion import Decision
from ...network.emotions import EMOTIONS
from ...network.glamor_net import GlamorNet, GlamorOutput
from ...network.input_spec import InputSpec
from ..data.emotion_dataset import Batch, NetworkInputs
from ..data.joint_augmentation import JointAugmentation
from ..evaluation.evaluate import network_inputs
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
        network: The network; all of it is trained, except for an encoder that is frozen.
        input_spec: The sizes of its inputs.
        recipe: How it is trained.
        augmentation: Random changes to the training samples.
        seed: Decides everything that is drawn.
    """

    def __init__(
        self,
        network: GlamorNet,
        input_spec: InputSpec,
        recipe: StageRecipe,
        augmentation: JointAugmentation,
        seed: int,
    ) -> None:
        super().__init__()
        self.network = network
        self._input_spec = input_spec
        self._recipe = recipe
        self._augmentation = augmentation
        self._seed = seed
        self._generator = torch.Generator()
        self.train_metrics = EpochMetrics()
        self.validation_metrics = EpochMetrics()
        for module in network.classifier.modules():
            if isinstance(module, nn.Dropout):
                module.p = recipe.dropout

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        recipe, schedule = self._recipe, self._recipe.schedule
        groups = parameter_groups(
            dict(self.network.named_children()),
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
        if self.trainer.training:
            inputs = self._augmentation(faces, contexts, self._input_spec, self._generator)
        else:
            inputs = network_inputs(faces, contexts, self._input_spec)
        return NetworkBatch(inputs, distributions)

    def training_step(self, batch: NetworkBatch, batch_idx: int) -> Tensor:
        return self._step(batch, self.train_metrics, "train", self._recipe.label_smoothing)

    def validation_step(self, batch: NetworkBatch, batch_idx: int) -> Tensor:
        return self._step(batch, self.validation_metrics, "validation", 0.0)

    def _step(
        self, batch: NetworkBatch, metrics: EpochMetrics, name: str, label_smoothing: float
    ) -> Tensor:
        inputs = batch.inputs
        output: GlamorOutput = self.network(
            inputs.faces, inputs.contexts, own_faces=inputs.own_faces
        )
        loss = weighted_cross_entropy(output.decisions, batch.distributions, label_smoothing)
        metrics.update(loss, output, batch.distributions)
        for key, metric in metrics.named(fuses=output.fusion_weights is not None).items():
            self.log(
                f"{name}/{key}", metric, on_step=False, on_epoch=True, prog_bar=key == ACCURACY
            )
        return loss


def weighted_cross_entropy(
    decisions: Sequence[Decision], distributions: Tensor, label_smoothing: float
) -> Tensor:
    """The weighted sum of the decisions' cross-entropies, a scalar.

    Args:
        decisions: What the network says of N samples.
        distributions: The labels, (N, 7).
        label_smoothing: The share of each label that is spread over all classes.
    """
    losses = [
        decision.weight
        * functional.cross_entropy(
            decision.logits.float(), distributions, label_smoothing=label_smoothing
        )
        for decision in decisions
    ]
    return torch.stack(losses).sum()
