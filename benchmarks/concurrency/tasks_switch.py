"""100 tasks that yield to each other."""

import asyncio

import _wall


async def child():
    for _ in range(200):
        await asyncio.sleep(0)
    return 1


async def work():
    return sum(await asyncio.gather(*[child() for _ in range(100)]))


def main():
    return asyncio.run(work())


if __name__ == "__main__":
    _wall.run(main)
