"""Make items ahead of their use in other threads: bounded, in order, errors included."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any


def ahead(items: Generator, depth: int) -> Generator[Any, None, None]:
    """Yield the items of the iterator `items`; another thread takes up to `depth` of them in advance.

    The order and every item stay the same. All of `items` runs in that one thread. What it raises is raised
    here, after the items before it. Closing this generator closes `items`, after the current item. At most
    depth + 1 items are in memory.
    """
    end = object()
    with ThreadPoolExecutor(1) as pool:
        upcoming = deque(pool.submit(next, items, end) for _ in range(depth))
        try:
            while (item := upcoming.popleft().result()) is not end:
                upcoming.append(pool.submit(next, items, end))
                yield item
        finally:
            _cancel(upcoming)
            pool.submit(items.close).result()


def made_ahead(make: Callable[[int], Any], numbers: Iterable[int], threads: int, depth: int) -> Iterator[Any]:
    """Yield make(number) for each of `numbers`, in order; `threads` threads make `depth` of them in advance.

    make must be safe to call from several threads at once.
    """
    with ThreadPoolExecutor(threads) as pool:
        left = iter(numbers)
        upcoming = deque(pool.submit(make, number) for number in islice(left, depth))
        try:
            while upcoming:
                item = upcoming.popleft().result()
                upcoming.extend(pool.submit(make, number) for number in islice(left, 1))
                yield item
        finally:
            _cancel(upcoming)


def _cancel(upcoming: Iterable[Future]) -> None:
    """Cancel what has not begun; what runs is waited for when its pool closes."""
    for waiting in upcoming:
        waiting.cancel()
