"""The colours of every figure: Okabe & Ito's, told apart by colour-blind readers.

Every use has a second sign (line style, marker, words) for print in grey.
"""

BLUE = "#0072B2"
ORANGE = "#D55E00"
INK = "#1c2733"
MUTED = "#5a6673"
TINT = "#cfe3f1"
CYCLE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", INK)
