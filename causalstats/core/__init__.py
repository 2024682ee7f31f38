"""The vocabulary: models, knowledge, assumptions, estimands, effects and checks."""
