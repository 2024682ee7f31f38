"""Studies of real questions, one folder each: `study.py` states the question in its docstring and has `run(folder, fast)`."""
