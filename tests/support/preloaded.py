"""Imports what a run imports, Evidently too, in the process that runs are forked from."""

import warnings

import pytest  # noqa: F401 - forks import the script that runs the tests
import river.linear_model
import river.naive_bayes
import river.preprocessing  # noqa: F401

import dataflows.cli.main
import dataflows.connectors.kafka.sink
import dataflows.connectors.kafka.source
import dataflows.runtime.runner  # noqa: F401
from engine.monitoring.evidently.library import library

library()
# Python 3.12 warns of forks beside threads: those of libraries, which wait.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
