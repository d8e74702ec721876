"""``python -m neurochip``: the command line without the installed command."""

from neurochip.cli import main

if __name__ == "__main__":
    main()
