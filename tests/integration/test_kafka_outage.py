"""A broker that is gone for a while, and one that does not come back."""

from pathlib import Path

import pytest

from engine.errors import InputError, OutputError
from tests.support.broker import broker
from tests.support.kafka import consume, produce
from tests.support.sinks import chunk, numbers, sink
from tests.support.sources import ids, message, opened, read, source, topic_on

pytestmark = pytest.mark.integration


@pytest.mark.usefixtures("needs_broker")
def test_an_outage_is_waited_out_and_loses_nothing_and_one_that_is_too_long_ends_the_run(
    tmp_path: Path,
) -> None:
    with broker() as own:  # one of its own, since it is killed
        topic, served = topic_on(own), topic_on(own)
        produce(own.address, (message(topic, i) for i in range(50)))
        part = sink(own, served, tmp_path, patience=60)
        with opened(source(own, topic, patience=60)) as reading:
            found = read(reading, 50)
            part.write_batch([chunk(range(100))])
            part.snapshot()
            own.stop(kill=True)
            for _ in range(30):
                assert reading.take() == []
            part.write_batch([chunk(range(100, 200))])
            own.start()
            part.snapshot()
            produce(own.address, (message(topic, i) for i in range(50, 100)))
            found += read(reading, 50, 60)
            state = reading.snapshot()
        assert ids(found) == list(range(100))
        assert numbers(consume(own.address, served)) == list(range(200))
        impatient = sink(own, served, tmp_path, patience=2)
        with opened(source(own, topic, patience=2), state) as reading:
            own.stop(kill=True)
            impatient.write_batch([chunk(range(200, 300))])
            with pytest.raises(InputError, match="no broker has answered for 2 s"):
                read(reading, 1, 30)
            with pytest.raises(OutputError, match="was not delivered"):
                impatient.snapshot()
