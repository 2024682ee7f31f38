"""Direction of selection: towards high risk, as in testing, or towards low risk, as in bail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Direction:
    """The direction of decisions, and its words.

    Parameters
    ----------
    sign : float
        Of α.
    other : str
        The name of the other direction.
    alike : str
        Words for the effect of the unobservable on risk and decision.
    verb : str
        Words for how testing changes with risk.
    size : str
        The size of α, as a formula.
    more : str
        How much risk those not decided for have, where the direction is the other one.
    examples : str
        Where the other direction is usual.
    if_wrong : str
        The consequence where the direction is the other one.
    """

    sign: float
    other: str
    alike: str
    verb: str
    size: str
    more: str
    examples: str
    if_wrong: str


HIGH = Direction(
    sign=1.0,
    other="low",
    alike="raises risk and testing alike",
    verb="rises",
    size="α",
    more="more",
    examples="as in bail or credit",
    if_wrong="If the untested are the riskier at the same features, the model cannot say so: it "
    "will put their risk too low. Say `decided_for='low'` where people are decided for because "
    "their risk is low.",
)
LOW = Direction(
    sign=-1.0,
    other="high",
    alike="raises risk and lowers the chance of being decided for",
    verb="falls",
    size="-α",
    more="less",
    examples="as where the ill are tested",
    if_wrong="If those not decided for are the less risky at the same features, the model cannot "
    "say so: it will put their risk too high. Say `decided_for='high'` where people are tested "
    "because their risk is high.",
)
DirectionName = Literal["high", "low"]
DIRECTIONS: Mapping[DirectionName, Direction] = {"high": HIGH, "low": LOW}
