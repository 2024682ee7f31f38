"""Panel data: within transformation, linear estimators, cluster-robust variance, AR(1) errors."""
