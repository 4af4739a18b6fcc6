code = compile("def f():\n    return undefined\nf()\n", "made_up.py", "exec")
exec(code)
