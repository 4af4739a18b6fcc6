"""10,000 sockets on one loop over TCP: a server and 5,000 connections to it on the loopback, each with 4 messages there and back."""

import asyncio
import resource
import socket

import _echo
import _wall

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
CONNECTIONS, ROUNDS = 5_000, 4


async def work():
    loop = asyncio.get_running_loop()
    everything = loop.create_future()
    open_ones = CONNECTIONS

    def finished():
        nonlocal open_ones
        open_ones -= 1
        if open_ones == 0:
            everything.set_result(None)
    server = await loop.create_server(_echo.Server, "127.0.0.1", 0, backlog=1000)
    address = server.sockets[0].getsockname()

    async def connect(count):
        clients = []
        for _ in range(count):
            one = socket.socket()
            one.setblocking(False)
            await loop.sock_connect(one, address)
            clients.append((await loop.create_connection(lambda: _echo.Client(ROUNDS, finished), sock=one))[0])
        return clients
    clients = sum(await asyncio.gather(*[connect(CONNECTIONS // 20) for _ in range(20)]), [])
    for client in clients:
        client.write(b"x" * 64)
    await everything
    for client in clients:
        client.abort()
    server.close()
    server.close_clients()
    await server.wait_closed()
    return CONNECTIONS * ROUNDS


def main():
    return asyncio.run(work())


if __name__ == "__main__":
    _wall.run(main)
