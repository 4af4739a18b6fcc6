"""200 threads, each with a blocking request to a local server that answers after 100 ms."""

import socket
import threading
import time

import _wall

THREADS = 200


def answer(connection):
    with connection:
        request = connection.recv(100)
        time.sleep(0.1)
        connection.sendall(request)


def serve(listener):
    for _ in range(THREADS):
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,)).start()


def request(address, answers):
    with socket.create_connection(address) as connection:
        connection.sendall(b"request")
        answers.append(connection.recv(100))


def main():
    answers = []
    with socket.create_server(("127.0.0.1", 0), backlog=THREADS) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        address = listener.getsockname()
        threads = [threading.Thread(target=request, args=(address, answers)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.join()
    return answers.count(b"request")


if __name__ == "__main__":
    _wall.run(main)
