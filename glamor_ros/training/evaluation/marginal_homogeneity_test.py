"""The Stuart-Maxwell test of marginal homogeneity (paper, Table 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2
from statsmodels.stats.contingency_tables import SquareTable

from .metrics import confusion_matrix


@dataclass(frozen=True)
class HomogeneityTest:
    """The result of a test whether two raters use the classes equally often.

    Attributes:
        statistic: Chi-squared with degrees_of_freedom.
        degrees_of_freedom: For each group of classes that are confused with one another, one less
            than it has classes, added up.
        p_value: Low where the raters differ; 1 without any degree of freedom.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float


def stuart_maxwell(first: NDArray[np.int64], second: NDArray[np.int64]) -> HomogeneityTest:
    """The Stuart-Maxwell test of two raters' classes for the same samples.

    Where the classes fall into groups that are never confused with one another, the covariance of
    the whole table is singular. So each group is tested by itself, and the statistics, being
    independent, are added: with one group this is the plain test, otherwise its form with the
    generalised inverse.

    Args:
        first: The first rater's classes, (N,).
        second: The second rater's classes, (N,).
    """
    table = confusion_matrix(first, second)
    confused = table + table.T
    np.fill_diagonal(confused, 0)
    groups, group_of_class = connected_components(confused, directed=False)
    statistic, degrees_of_freedom = 0.0, 0
    for group in range(groups):
        members = np.flatnonzero(group_of_class == group)
        if len(members) > 1:
            square = SquareTable(table[np.ix_(members, members)], shift_zeros=False)
            result = square.homogeneity(method="stuart_maxwell")
            statistic += float(result.statistic)
            degrees_of_freedom += int(result.df)
    # statsmodels' own p-value is 1 - cdf, which is 0 below 1e-16; Table 5 goes to 1e-53.
    p_value = float(chi2.sf(statistic, degrees_of_freedom)) if degrees_of_freedom else 1.0
    return HomogeneityTest(statistic, degrees_of_freedom, p_value)
