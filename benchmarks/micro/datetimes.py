"""Dates and times: arithmetic, comparison, ISO 8601 text, time zones."""

import os
import sys
from datetime import UTC, date, datetime, timedelta, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    start = datetime(2024, 2, 27, 23, 59, 59, 999_999, tzinfo=UTC)
    east = timezone(timedelta(hours=5, minutes=30))
    step = timedelta(hours=7, seconds=13)
    total = 0
    moments = []
    now = start
    for _ in range(5_000):
        now += step
        moments.append(now)
        total += now.day + (now - start).days
    for moment in moments:
        text = moment.isoformat()
        total += len(text) + (datetime.fromisoformat(text) == moment)
        total += moment.astimezone(east).hour + int(moment.timestamp()) % 7
    total += len(sorted(moments, reverse=True)) + len({moment: None for moment in moments})
    day = date(2000, 1, 1)
    for i in range(5_000):
        later = day + timedelta(days=i)
        total += later.weekday() + later.replace(day=1).toordinal() % 5 + (later > day)
    return total


if __name__ == "__main__":
    timing.run(main)
