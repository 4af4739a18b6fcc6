# What sysconfig.get_config_vars() knows of this build: only what holds for Typhon and what the library asks for.
build_time_vars = {
    "ABIFLAGS": "t",
    "EXE": "",
    "EXT_SUFFIX": ".typhon-314t-x86_64-linux-gnu.so",
    "MULTIARCH": "x86_64-linux-gnu",
    "PYTHON": "typhon",
    "Py_DEBUG": 0,
    "Py_ENABLE_SHARED": 0,
    "Py_GIL_DISABLED": 1,
    "SHLIB_SUFFIX": ".so",
    "SIZEOF_VOID_P": 8,
    "SOABI": "typhon-314t-x86_64-linux-gnu",
    "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    "VERSION": "3.14",
    "WITH_PYMALLOC": 0,
    "py_version_nodot": "314",
    "py_version_short": "3.14",
}
