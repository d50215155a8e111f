"""The shell around the engine: files, the Bytewax dataflow, configuration, command line."""
