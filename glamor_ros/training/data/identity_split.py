"""Splits by person: nobody appears in two of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from .samples import SettingsError


def split_by_identity(
    labels: Sequence[int] | NDArray[np.int64],
    identities: Sequence[Hashable],
    fractions: Sequence[float],
    seed: int,
) -> list[NDArray[np.int64]]:
    """The samples of each split, such that all samples of one person are in the same split.

    The fractions are met in every class as well as whole identities allow: the largest identities,
    then the others in a random order, go one after the other where they reduce the squared relative
    shortfall of their classes most.

    Args:
        labels: The class of each sample, (N,).
        identities: The person in each sample, N of them.
        fractions: The share of each split; they sum to 1.
        seed: Decides the order of the smaller identities.

    Returns:
        For each split the indices of its samples, ascending.

    Raises:
        SettingsError: The fractions make no splits, or there are fewer identities than splits.
        ValueError: There are not as many labels as identities.
    """
    if len(fractions) < 2 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise SettingsError(f"the fractions {tuple(fractions)} must be positive and sum to 1")
    if len(labels) != len(identities):
        raise ValueError(f"{len(labels)} labels, but {len(identities)} identities")
    numbers = {identity: number for number, identity in enumerate(dict.fromkeys(identities))}
    if len(numbers) < len(fractions):
        raise SettingsError(f"{len(numbers)} identities cannot make {len(fractions)} splits")
    owner = np.array([numbers[identity] for identity in identities], np.int64)
    classes, label_numbers = np.unique(np.asarray(labels), return_inverse=True)
    counts = np.zeros((len(numbers), len(classes)))
    np.add.at(counts, (owner, label_numbers), 1)

    assigned = _assign(counts, np.asarray(fractions, np.float64), seed)
    return [np.flatnonzero(assigned[owner] == split) for split in range(len(fractions))]


def _assign(
    counts: NDArray[np.float64], fractions: NDArray[np.float64], seed: int
) -> NDArray[np.int64]:
    """The split of each identity.

    Args:
        counts: The number of samples of each identity in each class.
        fractions: The share of each split.
        seed: Decides the order of the smaller identities.
    """
    totals = counts.sum(axis=0)
    # Relative to its class a sample of a rare class weighs more, so that its people come early,
    # while every split still has room for them.
    relative = counts / totals
    drawn = np.random.default_rng(seed).permutation(len(counts))
    order = drawn[np.argsort(-relative[drawn].sum(axis=1), kind="stable")]
    shortfall = np.repeat(fractions[:, None], counts.shape[1], axis=1)
    assigned = np.zeros(len(counts), np.int64)
    for identity in order:
        share = relative[identity]
        # (shortfall - share)² - shortfall², over the fraction: small splits fill at the same rate.
        change = ((share - 2 * shortfall) * share / fractions[:, None]).sum(axis=1)
        split = int(change.argmin())
        assigned[identity] = split
        shortfall[split] -= share
    return assigned
