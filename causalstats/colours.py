"""The colours of every figure: Okabe & Ito's, told apart by colour-blind readers.

Every use has a second sign (line style, marker, words) for print in grey. A `Palette` has the
colours for a light or a dark ground.
"""

from dataclasses import dataclass

BLUE = "#0072B2"
ORANGE = "#D55E00"
INK = "#1c2733"
MUTED = "#5a6673"
TINT = "#cfe3f1"
CYCLE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", INK)


@dataclass(frozen=True)
class Palette:
    """The colours of a figure on its ground.

    Parameters
    ----------
    blue, orange : str
        Of curves and points: ours, and what it is compared with.
    ink, muted : str
        Of text, and of text and lines that matter less.
    tint, faint : str
        Of bands and filled shapes.
    grid : str
        Of the lines behind everything.
    ground : str
        Of the figure itself.
    cycle : tuple of str
        Of several curves.
    shades : tuple of float
        The part of matplotlib's colour map "viridis" that is legible.
    """

    blue: str
    orange: str
    ink: str
    muted: str
    tint: str
    faint: str
    grid: str
    ground: str
    cycle: tuple[str, ...]
    shades: tuple[float, float]


LIGHT = Palette(
    blue=BLUE,
    orange=ORANGE,
    ink=INK,
    muted=MUTED,
    tint=TINT,
    faint="#f4f5f7",
    grid="#e3e8ed",
    ground="#ffffff",
    cycle=CYCLE,
    shades=(0.0, 0.85),
)
DARK = Palette(
    blue="#56B4E9",
    orange="#E69F00",
    ink="#e4e9ee",
    muted="#a6b1bb",
    tint="#1f4a66",
    faint="#26303a",
    grid="#38434e",
    ground="#14191f",
    cycle=("#56B4E9", "#E69F00", "#2fc99a", "#dd9fc3", "#8fd0f5", "#f0e442", "#e4e9ee"),
    shades=(0.3, 1.0),
)
