import time

from dancenow.progress import LOG_SECONDS, LogTimer


def test_a_line_is_due_some_seconds_after_the_last_one_and_whenever_asked_for(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    timer = LogTimer()
    due = []
    for now in (101.0, 100.5 + LOG_SECONDS, 101.0 + LOG_SECONDS, 100.5 + 2 * LOG_SECONDS):  # noqa: B007
        due.append(timer.due())
    assert due == [False, True, False, True]
    assert timer.due(always=True) and not timer.due()
    assert timer.seconds() == 0.5 + 2 * LOG_SECONDS
