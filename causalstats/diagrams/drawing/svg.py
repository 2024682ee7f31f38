"""Scenes as SVG: text that can be searched and set in another font, lines that stay sharp."""

from __future__ import annotations

from html import escape

from causalstats.diagrams.drawing.scene import Dot, Label, Scene, Shape, Stroke

_FONT = "DejaVu Sans, Verdana, Helvetica, sans-serif"


def svg(scene: Scene, title: str) -> str:
    """One `svg` element, a point of the scene being 4/3 pixels; y turned downwards."""
    width, height = scene.size
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}" viewBox="0 0 {width:.2f} {height:.2f}" '
            f'role="img" font-family="{_FONT}">',
            f"<title>{escape(title)}</title>",
            *(_element(shape, height) for shape in scene.shapes),
            "</svg>",
        ]
    )


def _element(shape: Shape, height: float) -> str:
    if isinstance(shape, Dot):
        return f'<circle cx="{shape.centre[0]:.2f}" cy="{height - shape.centre[1]:.2f}" r="{shape.radius}" fill="{shape.colour}"/>'
    if isinstance(shape, Label):
        baseline = height - shape.at[1] + 0.36 * shape.size
        weight = ' font-weight="bold"' if shape.bold else ""
        return (
            f'<text x="{shape.at[0]:.2f}" y="{baseline:.2f}" font-size="{shape.size}" fill="{shape.colour}" text-anchor="{shape.anchor}"{weight}>'
            f"{escape(shape.text)}</text>"
        )
    return f'<path d="{_path(shape, height)}" fill="{shape.fill or "none"}"{_pen(shape)}/>'


def _path(shape: Stroke, height: float) -> str:
    return " ".join(
        f"{name}{' '.join(f'{x:.2f},{height - y:.2f}' for x, y in points)}"
        for name, points in shape.path
    )


def _pen(shape: Stroke) -> str:
    if shape.colour is None:
        return ""
    ends = ' stroke-dasharray="4.2 2.6"' if shape.dashed else ' stroke-linecap="round"'
    return f' stroke="{shape.colour}" stroke-width="{shape.width}" stroke-linejoin="round"{ends}'
