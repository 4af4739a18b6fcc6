import sys

sys.exit("text goes to stderr")
