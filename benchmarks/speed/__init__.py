"""What the engine costs beside its model, on real streams, against loops that one would write by hand."""
