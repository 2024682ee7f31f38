"""Heckman's sample selection model: a number seen only for selected cases."""

from causalstats.models.heckman.model import Heckman

__all__ = ["Heckman"]
