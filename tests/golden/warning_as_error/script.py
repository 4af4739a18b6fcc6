import warnings

warnings.warn("turned into an error")
