"""Partial correlations of compositions, without a reference part."""

from causalstats.models.partial_correlation.model import PartialCorrelation

__all__ = ["PartialCorrelation"]
