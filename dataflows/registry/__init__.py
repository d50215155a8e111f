"""The registry around a flow: what is written to it, and what the command line does with it."""
