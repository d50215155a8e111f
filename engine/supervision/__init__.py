"""Evidence in, decision out: pure, calls nothing."""
