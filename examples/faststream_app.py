"""FastStream: a batch subscriber, an AsyncKeeper, and a checkpoint in SQLite before the batch is acknowledged.

Its database is in step with itself, not with Kafka: after a kill a batch may come again whose records are in
the checkpoint, which are passed over, and predictions may have been sent twice: at least once, the same ones.

    python examples/faststream_app.py 127.0.0.1:9092
"""

import asyncio
import sqlite3
import sys
from contextlib import asynccontextmanager

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker
from faststream.confluent.annotations import KafkaMessage

import riverkeeper as rk
