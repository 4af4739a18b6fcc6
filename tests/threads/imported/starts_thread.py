"""Starts a thread that imports another module while this one is being imported."""

import threading

found = []


def work():
    import imported.leaf
    found.append(imported.leaf.name)


thread = threading.Thread(target=work)
thread.start()
thread.join(30)
