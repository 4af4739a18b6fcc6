import bad_module
