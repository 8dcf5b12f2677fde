"""Writes scipy-ranks.json: exact distributions of the two rank tests, and quantiles of the normal one, as SciPy has them.

    python3 -m pip install scipy && python3 test/compare/scipy-ranks.py
"""

import json
import pathlib

import scipy
from scipy import stats

CONFIDENCES = [0.9, 0.95, 0.99, 0.9975, 0.9999]


def outside(left, probability_below, most):
    """How many of the sorted values lie outside of the interval: the most with P(statistic < it) <= left."""
    rank = 0
    while rank < most and probability_below(rank) <= left:
        rank += 1
    return rank


def paired(n, left):
    return outside(left, lambda w: float(stats._wilcoxon.WilcoxonDistribution(n).cdf(w)), n * (n + 1) // 4)


def unpaired(m, n, left):
    from scipy.stats._mannwhitneyu import _MWU

    distribution = _MWU(m, n)
    return outside(left, lambda u: float(distribution.cdf(u)), m * n // 2)


pathlib.Path(__file__).with_suffix(".json").write_text(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "paired": [
                {"n": n, "confidence": c, "outside": paired(n, (1 - c) / 2)}
                for n in [1, 2, 5, 6, 8, 10, 12, 15, 20, 30, 40]
                for c in CONFIDENCES
            ],
            "unpaired": [
                {"m": m, "n": n, "confidence": c, "outside": unpaired(m, n, (1 - c) / 2)}
                for m, n in [(1, 1), (2, 3), (4, 4), (5, 8), (8, 8), (12, 12), (12, 20), (30, 30)]
                for c in CONFIDENCES
            ],
            "normal": [{"share": s, "z": float(stats.norm.ppf(s))} for s in [1e-9, 0.001, 0.01, 0.2, 0.5, 0.975, 0.99999]],
        }
    )
    + "\n"
)
