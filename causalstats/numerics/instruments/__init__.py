"""Instrumental variables: cross-products, k-class estimators, Anderson-Rubin sets, posterior."""
