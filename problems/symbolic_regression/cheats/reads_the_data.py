"""expect error: It looks for the judge's rows."""

import evaluate


def predict(x0, x1, x2):
    return evaluate.rows("kepler", "", "train")[1]
