import threading
import time

import pytest

from dancenow.prefetch import ahead, made_ahead


def test_order_and_items_stay_the_same():
    assert list(ahead((number for number in range(100)), 3)) == list(range(100))
    assert list(ahead((number for number in range(0)), 3)) == []


def test_never_more_than_depth_and_one_are_held():
    made = []

    def items():
        for number in range(50):
            made.append(number)
            yield number

    held = []
    for taken, _ in enumerate(ahead(items(), 4), 1):
        held.append(len(made) - taken)
    assert max(held) <= 5 and len(made) == 50


def test_all_items_are_made_in_one_thread_which_is_another():
    threads = set(ahead((threading.get_ident() for _ in range(20)), 2))
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_an_error_comes_behind_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("third")

    taken = ahead(items(), 4)
    assert [next(taken), next(taken)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(taken)


def test_closing_closes_what_it_takes_from():
    closed = []

    def items():
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    running = ahead(ahead(items(), 2), 2)
    assert next(running) == 0
    running.close()
    assert closed == [True]


def test_several_threads_make_items_in_order():
    threads = set()

    def make(number):
        threads.add(threading.get_ident())
        time.sleep(0.01 * (number % 3))
        return number

    assert list(made_ahead(make, range(20), 3, 6)) == list(range(20))
    assert len(threads) == 3


def test_an_error_comes_after_the_items_before_it_and_what_has_not_begun_is_never_made():
    made = []

    def make(number):
        made.append(number)
        return 1 / (3 - number)

    taken = made_ahead(make, range(100), 1, 2)
    assert [next(taken) for _ in range(3)] == [1 / 3, 1 / 2, 1]
    with pytest.raises(ZeroDivisionError):
        next(taken)
    assert max(made) < 7
