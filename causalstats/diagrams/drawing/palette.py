"""Colours of a drawing on its ground: scenes are made in those of a light one."""

from __future__ import annotations

from dataclasses import replace

from causalstats.colours import DARK, LIGHT, Palette
from causalstats.diagrams.drawing.scene import Mark, Scene, Stroke

_DARK_FILLS = {"#eef3fa": "#22303f", "#d6e6f4": "#1d4058", "#fbe0cc": "#5a3a1c"}


def recoloured(scene: Scene, palette: Palette) -> Scene:
    """Return a scene in the colours of its ground.

    Parameters
    ----------
    scene : Scene
    palette : Palette
    """
    return replace(scene, marks=tuple(legible(mark, palette) for mark in scene.marks))


def legible(mark: Mark, palette: Palette) -> Mark:
    """Return the mark in the colours of its ground; scenes are in those of a light one."""
    colour = _counterpart(mark.colour, palette)
    if isinstance(mark, Stroke):
        return replace(mark, colour=colour, fill=_counterpart(mark.fill, palette))
    assert colour is not None  # dots and text have one
    return replace(mark, colour=colour)


def _counterpart(colour: str | None, palette: Palette) -> str | None:
    """Return the colour of a palette that stands for one of a light ground."""
    counterparts = {
        LIGHT.ink: palette.ink,
        LIGHT.muted: palette.muted,
        LIGHT.blue: palette.blue,
        LIGHT.orange: palette.orange,
        "white": palette.ground,
    }
    if palette.ink == DARK.ink:
        counterparts |= _DARK_FILLS
    return counterparts.get(colour, colour) if colour else colour
