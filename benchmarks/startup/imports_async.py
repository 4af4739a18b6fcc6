"""asyncio and concurrent.futures imported."""

import asyncio
import concurrent.futures.thread

print(asyncio.__name__, concurrent.futures.__name__)
