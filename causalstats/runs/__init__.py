"""Long runs: progress, resumable work, files that are written whole."""
