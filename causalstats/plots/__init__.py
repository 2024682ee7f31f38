"""Figures of labelled results, one kind a file; they compute nothing new.

ArviZ is imported by the first figure that needs it.
"""
