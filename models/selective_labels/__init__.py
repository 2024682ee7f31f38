"""Selective labels (verification bias): risk where outcomes are seen only for tested cases."""

from causalstats.models.selective_labels.model import SelectiveLabels

__all__ = ["SelectiveLabels"]
