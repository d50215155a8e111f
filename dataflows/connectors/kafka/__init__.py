"""Kafka: topics in, topics out. The laws hold as with files, and nothing is lost without a word."""
