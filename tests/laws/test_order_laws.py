"""The order of records of several partitions: law 2, and nothing held back or lost."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.kafka.interleave import Order

Partitions = list[list[float]]

partitions = st.lists(st.lists(st.floats(0, 100), max_size=12), min_size=1, max_size=4)
"""Event times of the records of each partition."""


def in_order(times: Partitions) -> list[tuple[int, int]]:
    """What must come: of the next records the earliest, on a tie of the partition named first."""
    at = [0] * len(times)
    found = []
    while any(at[n] < len(times[n]) for n in range(len(times))):
        number = min((times[n][at[n]], n) for n in range(len(times)) if at[n] < len(times[n]))[1]
        found.append((number, at[number]))
        at[number] += 1
    return found


@given(partitions, st.data())
def test_the_order_is_the_same_however_records_arrive(times: Partitions, data: st.DataObject) -> None:
    order: Order[int] = Order(bound=inf)
    for _ in times:
        order.add()
    at = [0] * len(times)
    taken: list[tuple[int, int]] = []
    while not order.is_done():
        more = [n for n in range(len(times)) if at[n] < len(times[n])]
        if more:
            number = data.draw(st.sampled_from(more))
            order.put(number, times[number][at[number]], 0.0, at[number])
            at[number] += 1
        for number in range(len(times)):
            if at[number] == len(times[number]):
                order.close(number)
        taken += order.take(data.draw(st.integers(1, 5)), arrived=-inf)
    assert taken == in_order(times)


@given(partitions)
def test_nothing_is_held_back_for_ever(times: Partitions) -> None:
    order: Order[int] = Order(bound=10.0)
    for number, found in enumerate(times):
        order.add()
        for at, time in enumerate(found):
            order.put(number, time, 1.0, at)
        order.pause(number)
    early = order.take(1000, arrived=0.0)
    newest = max((time for found in times for time in found), default=0.0)
    quiet = any(not found for found in times)
    if quiet:  # who may go before the quiet one has spoken lies behind the newest by more than the bound
        assert all(newest - times[number][at] > 10.0 for number, at in early)
    assert early + order.take(1000, arrived=1.0) == in_order(times)


@given(partitions, st.data())
def test_records_out_of_turn_leave_the_rest_in_order(times: Partitions, data: st.DataObject) -> None:
    order: Order[int] = Order(bound=0.0)
    for number, found in enumerate(times):
        order.add()
        for at, time in enumerate(found):
            order.put(number, time, 0.0, at)
        order.close(number)
    number = data.draw(st.integers(0, len(times) - 1))
    count = data.draw(st.integers(0, len(times[number])))
    assert order.take_from(number, count) == [(number, at) for at in range(count)]
    rest = [times[n][count:] if n == number else times[n] for n in range(len(times))]
    shifted = [(n, at - count if n == number else at) for n, at in order.take(1000)]
    assert shifted == in_order(rest)
