"""Event studies: a treatment that units adopt at different times, and keep."""

from causalstats.models.event_study.model import EventStudy

__all__ = ["EventStudy"]
