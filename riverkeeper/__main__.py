"""`python -m riverkeeper`: the command line, as `riverkeeper`."""

from dataflows.cli.entry import main

if __name__ == "__main__":
    main()
