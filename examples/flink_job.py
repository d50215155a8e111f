"""Flink (PyFlink): Durable in a keyed map state, of which Flink makes checkpoints. Exactly once.

A checkpoint has the place in the file, the state and its output. The job begins with the newest.

    python -m examples.input && python examples/flink_job.py
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pyflink.common import Configuration, Types, WatermarkStrategy
from pyflink.common.serialization import Encoder
from pyflink.datastream import KeyedProcessFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSink, FileSource, RollingPolicy, StreamFormat
from pyflink.datastream.state import MapStateDescriptor

import riverkeeper as rk

HERE = Path.cwd()


class Keep(KeyedProcessFunction):
    def __init__(self, flow: str) -> None:
        self.flow = flow

    def open(self, context: RuntimeContext) -> None:
        described = MapStateDescriptor("keeper", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        self.state = context.get_map_state(described)
        self.get, self.durable = self.state.get, rk.Durable(rk.Keeper(self.flow))

    def __setitem__(self, name: str, value: bytes) -> None:
        self.state.put(name, value)

    def __delitem__(self, name: str) -> None:
        self.state.remove(name)

    def process_element(self, line: str, context: KeyedProcessFunction.Context) -> Iterator[str]:
        for event in self.durable.process([line], self, key=context.get_current_key()):
            if isinstance(event, rk.Prediction):
                yield rk.as_line(event).decode()


if __name__ == "__main__":
    config = Configuration().set_string("python.executable", sys.executable)
    config.set_string("execution.checkpointing.dir", f"file://{HERE}/checkpoints")
    config.set_string("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION")
    if made := [path.parent for path in HERE.glob("checkpoints/*/chk-*/_metadata")]:
        newest = max(made, key=lambda path: path.stat().st_mtime)
        config.set_string("execution.state-recovery.path", f"file://{newest}")
    env = StreamExecutionEnvironment.get_execution_environment(config)
    env.set_parallelism(1).enable_checkpointing(500)
    source = FileSource.for_record_stream_format(StreamFormat.text_line_format(), "records.jsonl").build()
    lines = env.from_source(source, WatermarkStrategy.no_watermarks(), "records")
    shops = lines.key_by(lambda line: json.loads(line)["shop"])
    kept = shops.process(Keep(f"{HERE}/flow.toml"), Types.STRING())
    sink = FileSink.for_row_format("predictions", Encoder.simple_string_encoder())
    kept.sink_to(sink.with_rolling_policy(RollingPolicy.on_checkpoint_rolling_policy()).build())
    env.execute("keeper")
