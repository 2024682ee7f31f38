"""Effects from rows with missing values: data augmentation in tables and in regressions."""
