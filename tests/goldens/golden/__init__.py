"""Golden values: what TorchMetrics (or scikit-learn) answers on fixed inputs."""
