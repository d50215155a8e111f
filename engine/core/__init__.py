"""The engine itself: all layers in order for a batch of records."""
