"""Four loops in four threads, each with 50 connections and 100 messages there and back on each."""

import asyncio
import threading

import _echo
import _wall


def main():
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(asyncio.run(_echo.serve(50, 100)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers)


if __name__ == "__main__":
    _wall.run(main)
