"""String diagrams as pictures: matplotlib, SVG and TikZ."""
