"""Graphs of objects as data: what a model is made of, without code, and without anything that calls code."""
