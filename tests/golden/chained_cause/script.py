class ConfigError(Exception):
    pass


def load():
    try:
        open("/no/such/file")
    except OSError as error:
        raise ConfigError("cannot load") from error


load()
