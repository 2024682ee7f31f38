"""Log-ratios of compositions, their evidence and their posterior."""
