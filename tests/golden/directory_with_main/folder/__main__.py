import sys

print(__name__, sys.argv[1:], sys.path[0].endswith('folder'))
raise ValueError('from main')
