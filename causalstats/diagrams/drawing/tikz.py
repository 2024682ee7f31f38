"""Vector drawings (`scene`) as TikZ for LaTeX, with the packages tikz and xcolor."""

from __future__ import annotations

import re

from causalstats.diagrams.drawing.scene import (
    Dot,
    Mark,
    Point,
    Scene,
    Stroke,
    TextLabel,
)

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "'": r"\textquotesingle{}",
}
_SPECIAL = re.compile(r"[\\~^<>]|[#$%&_{}]")
_STEPS = {"M": "", "L": "-- ", "Z": "-- cycle"}


def tikz(scene: Scene) -> str:
    """Return a `tikzpicture` in points."""
    return "\n".join(
        [
            r"\begin{tikzpicture}[x=1pt, y=1pt, line join=round]",
            *(f"  {_command(mark)}" for mark in scene.marks),
            r"\end{tikzpicture}",
        ]
    )


def _command(mark: Mark) -> str:
    match mark:
        case Dot():
            fill = _colour("fill", mark.colour)
            return rf"\fill[{fill}] {_point(mark.centre)} circle[radius={mark.radius}];"
        case TextLabel():
            return _node(mark)
        case Stroke():
            return rf"\path[{', '.join(_pen(mark))}] {_path(mark)};"


def _node(label: TextLabel) -> str:
    series = r"\bfseries" if label.bold else ""
    skip = f"{label.size * 1.2:g}"
    font = rf"font=\sffamily\fontsize{{{label.size}}}{{{skip}}}\selectfont{series}"
    anchor = "center" if label.anchor == "middle" else "west"
    options = f"{_colour('text', label.colour)}, {font}, inner sep=0, anchor={anchor}"
    return rf"\node[{options}] at {_point(label.at)} {{{_escaped(label.text)}}};"


def _pen(stroke: Stroke) -> list[str]:
    options = []
    if stroke.colour:
        dashes = (
            "dash pattern=on 4.2pt off 2.6pt" if stroke.dashed else "line cap=round"
        )
        options += [
            _colour("draw", stroke.colour),
            f"line width={stroke.width}pt",
            dashes,
        ]
    if stroke.fill:
        options.append(_colour("fill", stroke.fill))
    return options


def _path(stroke: Stroke) -> str:
    words = []
    for name, points in stroke.path:
        if name == "C":
            words.append(".. controls {} and {} .. {}".format(*map(_point, points)))
        else:
            words.append(_STEPS[name] + "".join(map(_point, points)))
    return " ".join(words)


def _point(point: Point) -> str:
    return f"({point[0]:.2f},{point[1]:.2f})"


def _colour(option: str, colour: str) -> str:
    if colour == "white":
        return f"{option}=white"
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"{option}={{rgb,255:red,{red};green,{green};blue,{blue}}}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(
        lambda match: _ESCAPES.get(match.group(), "\\" + match.group()), text
    )
