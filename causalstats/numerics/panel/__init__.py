"""Panel data: within transformation, linear estimators, cluster-robust and serially correlated errors."""
