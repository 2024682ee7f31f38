"""Long runs: progress, resumable work, and atomic writing of files."""
