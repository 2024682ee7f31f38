"""Which of two treatments removes kidney stones, the one with more successes in all or the one with
more in small stones and in large ones?
"""
