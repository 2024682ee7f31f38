"""String diagrams: their syntax, algebra, equality and surgery."""
