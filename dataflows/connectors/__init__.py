"""Inputs and outputs: files, Kafka, and the interface that every input implements."""
