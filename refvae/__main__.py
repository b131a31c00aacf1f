"""`python -m refvae` is the `refvae` command, and an interrupt while it is loaded is one line as later on."""

import sys


def main() -> int:
    """Load the command line, run it and give the exit code."""
    try:
        from refvae.cli import main as command

        return command()
    except KeyboardInterrupt:
        print("refvae: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
