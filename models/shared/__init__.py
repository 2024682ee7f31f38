"""Code that models of several families use."""
