"""Vector drawings (`scene`) as SVG, with searchable text."""

from __future__ import annotations

from html import escape

from causalstats.colours import DARK, LIGHT
from causalstats.core.argument_validation import Switch, read
from causalstats.diagrams.drawing.palette import recoloured
from causalstats.diagrams.drawing.scene import Dot, Mark, Scene, Stroke, TextLabel
from causalstats.errors import ModelError

_FONT = "DejaVu Sans, Verdana, Helvetica, sans-serif"
_PIXELS = 4 / 3  # in a point
_BASELINE = 0.36  # below the middle of a line, in font sizes


def svg(scene: Scene, title: str, dark: bool = False) -> str:
    """Return one `svg` element; a point of the scene is 4/3 pixels, y points downwards.

    Parameters
    ----------
    scene : Scene
    title : str
    dark : bool
        Light lines on a dark ground.
    """
    dark = read(Switch(), dark, "dark", ModelError)
    palette = DARK if dark else LIGHT
    scene = recoloured(scene, palette)
    width, height = scene.size
    attributes = [
        'xmlns="http://www.w3.org/2000/svg"',
        f'width="{width * _PIXELS:.0f}"',
        f'height="{height * _PIXELS:.0f}"',
        f'viewBox="0 0 {width:.2f} {height:.2f}"',
        'role="img"',
        f'font-family="{_FONT}"',
    ]
    colour = palette.ground if dark else "white"
    # Its own ground, so that it is legible on every page
    ground = f'<rect width="100%" height="100%" fill="{colour}"/>'
    elements = [ground, *(_element(mark, height) for mark in scene.marks)]
    head = f"<svg {' '.join(attributes)}>"
    return "\n".join([head, f"<title>{escape(title)}</title>", *elements, "</svg>"])


def _element(mark: Mark, height: float) -> str:
    match mark:
        case Dot():
            x, y = mark.centre
            position = f'cx="{x:.2f}" cy="{height - y:.2f}" r="{mark.radius}"'
            return f'<circle {position} fill="{mark.colour}"/>'
        case TextLabel():
            return _text(mark, height)
        case Stroke():
            fill = mark.fill or "none"
            return f'<path d="{_path(mark, height)}" fill="{fill}"{_pen(mark)}/>'


def _text(label: TextLabel, height: float) -> str:
    x, y = label.at
    baseline = height - y + _BASELINE * label.size
    weight = ' font-weight="bold"' if label.bold else ""
    style = f'font-size="{label.size}" fill="{label.colour}" text-anchor="{label.anchor}"{weight}'
    return f'<text x="{x:.2f}" y="{baseline:.2f}" {style}>{escape(label.text)}</text>'


def _path(stroke: Stroke, height: float) -> str:
    commands = []
    for name, points in stroke.path:
        coordinates = " ".join(f"{x:.2f},{height - y:.2f}" for x, y in points)
        commands.append(f"{name}{coordinates}")
    return " ".join(commands)


def _pen(stroke: Stroke) -> str:
    if stroke.colour is None:
        return ""
    ends = ' stroke-dasharray="4.2 2.6"' if stroke.dashed else ' stroke-linecap="round"'
    width = f'stroke-width="{stroke.width}" stroke-linejoin="round"'
    return f' stroke="{stroke.colour}" {width}{ends}'
