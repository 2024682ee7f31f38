"""Heckman's sample selection model: a numeric outcome observed for selected cases only."""

from causalstats.models.heckman.model import Heckman

__all__ = ["Heckman"]
