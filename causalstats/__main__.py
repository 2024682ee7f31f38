"""`python -m causalstats`, where the folder of commands is not on the path."""

from causalstats.cli import app

if __name__ == "__main__":
    app(prog_name="python -m causalstats")
