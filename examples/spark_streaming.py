"""Spark Structured Streaming: applyInPandasWithState, with a key's snapshot as its state.

Spark keeps the state, the files that it has read and those that it has written in its checkpoint: exactly
once for readers that go by the sink's log, as Spark does. It keeps no order within a group, so the records
of a micro-batch are sorted by a number of their own; across micro-batches the source keeps it (oldest file
first, or the offsets of a topic).

    python -m examples.input && python examples/spark_streaming.py
"""

from collections.abc import Iterable, Iterator
from functools import cache

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import get_json_object
from pyspark.sql.streaming.state import GroupState, GroupStateTimeout

import riverkeeper as rk


@cache  # one for each Python worker of Spark
def keeper() -> rk.Keeper:
    return rk.Keeper("flow.toml")


def keep(keys: tuple[str], frames: Iterable[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
    (key,) = keys
    keeper().forget(key)
    if state.exists:
        keeper().restore({key: bytes(state.get[0])})
    lines = pd.concat(frames).sort_values("n")["value"]
    events = keeper().process(lines, key=key)
    state.update((keeper().snapshot(key),))
    rows = [rk.as_line(event).decode() for event in events if isinstance(event, rk.Prediction)]
    yield pd.DataFrame({"value": rows})


if __name__ == "__main__":
    spark = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", 2).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.addPyFile(__file__)  # workers import what is cached; of a script they get copies
    from spark_streaming import keep

    shop = get_json_object("value", "$.shop").alias("shop")
    n = get_json_object("value", "$.n").cast("long").alias("n")
    lines = spark.readStream.option("maxFilesPerTrigger", 1).text("records").select("value", shop, n)
    kept = lines.groupBy("shop").applyInPandasWithState(
        keep, "value string", "snapshot binary", "append", GroupStateTimeout.NoTimeout
    )
    query = kept.writeStream.format("text").option("checkpointLocation", "checkpoint")
    query.trigger(availableNow=True).start("predictions").awaitTermination()
