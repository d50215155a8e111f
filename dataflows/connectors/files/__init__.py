"""Records from files, and output to files, as Bytewax sources and sinks."""
