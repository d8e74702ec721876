"""``python -m neurochip``: the command line where its script is not installed."""

from neurochip.cli import main

if __name__ == "__main__":
    main()
