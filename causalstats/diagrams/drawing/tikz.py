"""Scenes as TikZ, for papers: needs the packages tikz and xcolor and nothing else."""

from __future__ import annotations

import re

from causalstats.diagrams.drawing.scene import Dot, Label, Scene, Shape, Stroke

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "'": r"\textquotesingle{}",
}


def tikz(scene: Scene) -> str:
    """A `tikzpicture` in points."""
    return "\n".join(
        [
            r"\begin{tikzpicture}[x=1pt, y=1pt, line join=round]",
            *(f"  {_command(shape)}" for shape in scene.shapes),
            r"\end{tikzpicture}",
        ]
    )


def _command(shape: Shape) -> str:
    if isinstance(shape, Dot):
        return rf"\fill[{_colour('fill', shape.colour)}] {_point(shape.centre)} circle[radius={shape.radius}];"
    if isinstance(shape, Label):
        size = rf"font=\sffamily\fontsize{{{shape.size}}}{{{shape.size * 1.2:g}}}\selectfont{r'\bfseries' if shape.bold else ''}"
        anchor = "center" if shape.anchor == "middle" else "west"
        return rf"\node[{_colour('text', shape.colour)}, {size}, inner sep=0, anchor={anchor}] at {_point(shape.at)} {{{_escaped(shape.text)}}};"
    pen = [
        _colour("draw", shape.colour),
        f"line width={shape.width}pt",
        "dash pattern=on 4.2pt off 2.6pt" if shape.dashed else "line cap=round",
    ]
    options = (pen if shape.colour else []) + ([_colour("fill", shape.fill)] if shape.fill else [])
    return rf"\path[{', '.join(options)}] {_path(shape)};"


def _path(shape: Stroke) -> str:
    words = []
    for name, points in shape.path:
        if name == "C":
            words.append(".. controls {} and {} .. {}".format(*map(_point, points)))
        else:
            words.append(
                {"M": "", "L": "-- ", "Z": "-- cycle"}[name] + "".join(map(_point, points))
            )
    return " ".join(words)


def _point(point: tuple[float, float]) -> str:
    return f"({point[0]:.2f},{point[1]:.2f})"


def _colour(what: str, colour: str | None) -> str:
    if colour is None or colour == "white":
        return f"{what}=white"
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{what}={{rgb,255:red,{red};green,{green};blue,{blue}}}"


def _escaped(text: str) -> str:
    return re.sub(
        r"[\\~^<>]|[#$%&_{}]", lambda found: _ESCAPES.get(found.group(), "\\" + found.group()), text
    )
