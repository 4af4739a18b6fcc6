"""A loop that serves connections to clients of its own: socket pairs, each end with a protocol."""

import asyncio
import socket


class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Client(asyncio.Protocol):
    """Sends a message, and another one for each answer."""

    def __init__(self, rounds, finished):
        self.left = rounds
        self.finished = finished

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.left -= 1
        if self.left:
            self.transport.write(data)
        else:
            self.finished()


async def serve(connections, rounds):
    """Answers `rounds` messages on each of the connections; the number of answers."""
    loop = asyncio.get_running_loop()
    everything = loop.create_future()
    open_ones = connections

    def finished():
        nonlocal open_ones
        open_ones -= 1
        if open_ones == 0:
            everything.set_result(None)
    clients = []
    for _ in range(connections):
        one, other = socket.socketpair()
        for end in one, other:
            end.setblocking(False)
        server, _ = await loop.create_connection(Server, sock=one)
        client, _ = await loop.create_connection(lambda: Client(rounds, finished), sock=other)
        clients.append((server, client))
    for _, client in clients:
        client.write(b"x" * 64)
    await everything
    for server, client in clients:
        server.close()
        client.close()
    await asyncio.sleep(0)
    return connections * rounds
