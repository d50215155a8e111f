"""Kafka: topics in, streams out."""
