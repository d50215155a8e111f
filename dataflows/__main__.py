"""`python -m dataflows`: the command line where no script of it is on the path."""

from dataflows.cli.entry import main

main()
