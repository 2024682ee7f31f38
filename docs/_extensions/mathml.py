"""Formulas as MathML, which browsers show without a script and without a network."""

from __future__ import annotations

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
_SIZES = re.compile(r"\\[bB]igg?[lrm]?(?![a-zA-Z])")


def visit_inline(writer, node: nodes.math) -> None:
    writer.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_block(writer, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{_mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def _mathml(node: nodes.Element, *, as_block: bool) -> str:
    formula = _SIZES.sub("", node.astext())  # a browser sizes fences by itself
    try:
        return tex2mathml(formula, as_block=as_block)
    except MathError as error:
        LOGGER.warning("no MathML for %r: %s", formula, error, location=node)
        return f"<code>{formula}</code>"


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
