"""20,000 tasks made and awaited."""

import asyncio

import _wall


async def child():
    return 1


async def work():
    return sum([await asyncio.create_task(child()) for _ in range(20_000)])


def main():
    return asyncio.run(work())


if __name__ == "__main__":
    _wall.run(main)
