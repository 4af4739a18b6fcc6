"""5,000 connections (10,000 sockets) on one loop, each with 4 messages there and back."""

import asyncio
import resource

import _echo
import _wall

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def main():
    return asyncio.run(_echo.serve(5_000, 4))


if __name__ == "__main__":
    _wall.run(main)
