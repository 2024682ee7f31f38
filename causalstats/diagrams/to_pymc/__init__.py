"""String diagrams as PyMC graphs."""
