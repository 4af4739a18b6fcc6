"""Logs through handlers, filters and formatters into a string."""

import io
import logging
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
    logger = logging.Logger("bench")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    for i in range(1500):
        logger.info("item %d of %s", i, "many")
        logger.debug("not shown %d", i)
        logger.warning("plain text")
    return len(out.getvalue())


if __name__ == "__main__":
    timing.run(main)
