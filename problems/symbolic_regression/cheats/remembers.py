"""expect poor: Counts its calls, to answer otherwise when it is not fitted any more; the scale is the first answer's."""

calls = []


def predict(x0, x1, x2):
    calls.append(1)
    return x0 if len(calls) < 2 else 1e6 * x0
