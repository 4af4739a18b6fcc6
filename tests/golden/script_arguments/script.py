import sys

print(sys.argv, __file__.endswith('script.py'))
