"""Long runs: progress and resumable work."""
