def compute(a, b):
    return (
        a
        + b
        - "text"
    )


compute(
    1,
    2,
)
