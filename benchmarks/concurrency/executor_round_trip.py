"""2,000 times loop.run_in_executor of an empty function."""

import asyncio

import _wall


async def work():
    loop = asyncio.get_running_loop()
    return sum([await loop.run_in_executor(None, abs, -1) for _ in range(2_000)])


def main():
    return asyncio.run(work())


if __name__ == "__main__":
    _wall.run(main)
