"""One decision, explained to a person from what the run has written. No number here is made up."""
