"""Figures of labelled data: they compute nothing new."""
