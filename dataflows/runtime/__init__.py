"""How a flow runs: the dataflow, its operators, processes, backpressure and the recovery store."""
