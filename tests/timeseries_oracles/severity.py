"""Scores against graded severities."""

import math

from timeseries_oracles import ranking


def grades(severity):
    """Severities rounded up to whole grades; 0 is normal."""
    return [math.ceil(g) for g in severity]


def severity_report(scores, severity):
    """AUROC of each grade against the normal points, of all grades, tau-b, C-index and Spearman."""
    levels = grades(severity)
    pairs = list(zip([float(s) for s in scores], levels, strict=True))

    def auroc(kept):
        chosen = [(s, g) for s, g in pairs if g == 0 or kept(g)]
        return ranking.auroc([s for s, _ in chosen], [g > 0 for _, g in chosen])

    return {
        "auroc_levels": {level: auroc(lambda g, level=level: g == level) for level in sorted({g for g in levels if g})},
        "auroc": auroc(lambda g: g > 0),
        "kendall_tau_b": ranking.kendall_tau_b(scores, levels),
        "c_index": ranking.c_index(scores, levels),
        "spearman": ranking.spearman(scores, levels),
        "c_index_anomalies": _or_nan([(s, g) for s, g in pairs if g]),
        "auroc_adjacent": {
            (low, high): ranking.auroc([s for s, g in pairs if g in (low, high)],
                                       [g == high for _, g in pairs if g in (low, high)])
            for low, high in zip(sorted(set(levels))[:-1], sorted(set(levels))[1:], strict=True)
        },
    }  # fmt: skip


def _or_nan(pairs):
    if len({g for _, g in pairs}) < 2:
        return math.nan
    return ranking.c_index([s for s, _ in pairs], [g for _, g in pairs])
