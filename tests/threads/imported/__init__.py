"""Modules that test_imports.py imports from several threads at once."""
