"""Prefetch items in another thread: bounded, in order, errors included."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
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
            for waiting in upcoming:
                waiting.cancel()
            pool.submit(items.close).result()
