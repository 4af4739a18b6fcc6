import sys

from . import helper

print(__name__, __package__, sys.argv[1:], helper.name)
