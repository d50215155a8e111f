"""What the command line does with versions: show, compare, evaluate, rebuild, take elsewhere."""
