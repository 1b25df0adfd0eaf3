"""The posterior once more, one vote at a time and straight from docs/consensus.md: slow, and without a line of the real one."""

import math
from statistics import NormalDist

NORMAL = NormalDist()


def by_sample(votes):
    """[(sample, person, level)] -> {sample: [(person, level)]}"""
    grouped = {}
    for sample, person, level in votes:
        grouped.setdefault(sample, []).append((person, level))
    return grouped


def variance_between(products, pairs):
    total = sum(pairs)
    return max(sum(products) - math.sqrt(sum(p * p for p in products)), 0) / total if total > 0 else 0.0


def pseudo_votes(noise, between):
    return noise / between if between > noise / 1e6 else 1e6


def to_one(row):
    return [value / sum(row) for value in row]


# --- classes ----------------------------------------------------------------------------------------------------
def class_probabilities(votes, people, size, rounds=6):
    """{sample: [probability of each level]} of the samples that somebody rated."""
    samples = by_sample(votes)
    said = [level for _, _, level in votes]
    frequencies = [(said.count(level) + 1) / (len(said) + size) for level in range(size)]
    shared = {name: rows for name, rows in samples.items() if len(rows) >= 2}
    knows = math.sqrt(min(max((len(shared) * alpha(shared, size) + 20 * 0.65**2) / (len(shared) + 20), 0.01), 0.98))
    anchor = [[knows * (t == v) + (1 - knows) * frequencies[v] for v in range(size)] for t in range(size)]
    prior, pooled, tables = frequencies, anchor, dict.fromkeys(range(people), anchor)
    for _ in range(rounds if shared else 0):
        prior, pooled, tables = class_round(shared, people, size, prior, pooled, tables, anchor, frequencies)
    return {name: right(rows, prior, tables) for name, rows in samples.items()}


def alpha(shared, size):
    observed = sum(
        sum(a != b for i, (_, a) in enumerate(rows) for j, (_, b) in enumerate(rows) if i != j) / (len(rows) - 1)
        for rows in shared.values()
    )
    margins = [sum(level == v for rows in shared.values() for _, level in rows) for v in range(size)]
    total = sum(margins)
    by_chance = total**2 - sum(m * m for m in margins)
    return 1 - observed * (total - 1) / by_chance if by_chance else 0.0


def right(rows, prior, tables):
    logs = [
        math.log(prior[t]) + sum(math.log(tables[person][t][level]) for person, level in rows)
        for t in range(len(prior))
    ]
    return to_one([math.exp(log - max(logs)) for log in logs])


def class_round(shared, people, size, prior, before, tables, anchor, frequencies):
    grid = [(t, v) for t in range(size) for v in range(size)]
    counts = {person: dict.fromkeys(grid, 0.0) for person in range(people)}
    loo, squared = ({p: dict.fromkeys(grid, 0.0) for p in range(people)} for _ in range(2))
    found = []  # (person, probabilities by the others, level)
    levels = [0.0] * size
    for rows in shared.values():
        probable = right(rows, prior, tables)
        levels = [a + b for a, b in zip(levels, probable, strict=True)]
        for place, (person, level) in enumerate(rows):
            others = right(rows[:place] + rows[place + 1 :], prior, tables)
            found.append((person, others, level))
            for t in range(size):
                counts[person][t, level] += probable[t]
                loo[person][t, level] += others[t]
                squared[person][t, level] += others[t] ** 2
    weight = 0.5 * len(shared) + 50
    new_prior = [(a + weight * f) / (len(shared) + weight) for a, f in zip(levels, frequencies, strict=True)]
    kept = 0.05 * len(found) / size + 30
    everybody = {cell: sum(counts[p][cell] for p in counts) for cell in grid}
    pooled = [to_one([everybody[t, v] + kept * anchor[t][v] for v in range(size)]) for t in range(size)]
    # How much people differ goes by the table that the round began with, the tables by this round's counts.
    first, cells = class_shrinkage(found, loo, squared, counts, before, people, size)
    return new_prior, pooled, bent_tables(counts, pooled, first, cells, people, size)


def typical_of(counts, pooled, size):
    total = {cell: sum(counts[p][cell] for p in counts) for cell in next(iter(counts.values()))}
    return [to_one([total[t, v] + 0.5 * pooled[t][v] for v in range(size)]) for t in range(size)]


def odds_of(counts, typical, first, size):
    odds = {}
    for person, of in counts.items():
        votes = sum(of.values())
        if not votes:
            odds[person] = 1.0
            continue
        hits = sum(of[t, t] for t in range(size))
        usual = sum(of[t, v] * typical[t][t] for t in range(size) for v in range(size)) / votes
        share = min(max((hits + first * usual) / (votes + first), 1e-3), 1 - 1e-3)
        usual = min(max(usual, 1e-3), 1 - 1e-3)
        odds[person] = share / (1 - share) / (usual / (1 - usual))
    return odds


def bent(table, odds, size):
    return [to_one([table[t][v] * (odds if t == v else 1) for v in range(size)]) for t in range(size)]


def bent_tables(counts, pooled, first, cells, people, size):
    typical = typical_of(counts, pooled, size)
    odds = odds_of(counts, typical, first, size)
    tables = {}
    for person in range(people):
        own = bent(typical, odds[person], size)
        rows = []
        for t in range(size):
            votes = sum(counts[person][t, v] for v in range(size))
            share = [(counts[person][t, v] + cells * own[t][v]) / (votes + cells) for v in range(size)]
            rows.append(to_one([pooled[t][v] * share[v] / typical[t][v] for v in range(size)]))
        tables[person] = rows
    return tables


def class_shrinkage(found, loo, squared, counts, pooled, people, size):
    typical = typical_of(loo, pooled, size)
    residuals = {person: [] for person in range(people)}
    for person, others, level in found:
        residuals[person].append(others[level] - sum(others[t] * typical[t][t] for t in range(size)))
    weights = {p: 1 / max(len(of), 1) for p, of in residuals.items()}
    products = [
        weights[p] * sum(a * b for i, a in enumerate(of) for j, b in enumerate(of) if i != j)
        for p, of in residuals.items()
    ]
    pairs = [weights[p] * (len(of) ** 2 - len(of)) for p, of in residuals.items()]
    noise = sum(r * r for of in residuals.values() for r in of) / len(found)
    first = max(pseudo_votes(noise, variance_between(products, pairs)), 2.0)
    odds = odds_of(counts, typical_of(counts, pooled, size), first, size)
    products, pairs, above, below = [], [], 0.0, 0.0
    for person in range(people):
        own = bent(typical, odds[person], size)
        product = pair = 0.0
        for t in range(size):
            row = sum(loo[person][t, v] for v in range(size))
            row_squared = sum(squared[person][t, v] for v in range(size))
            for v in range(size):
                possible = own[t][v] * (1 - own[t][v])
                squares = squared[person][t, v] * (1 - 2 * own[t][v]) + row_squared * own[t][v] ** 2
                product += (loo[person][t, v] - row * own[t][v]) ** 2 - squares
                pair += (row**2 - row_squared) * possible
                above += weights[person] * squares
                below += weights[person] * row * possible
        products.append(weights[person] * product)
        pairs.append(weights[person] * pair)
    return first, max(pseudo_votes(above / below, variance_between(products, pairs)), 2.0)


# --- grades -----------------------------------------------------------------------------------------------------
def grade_probabilities(votes, people, size, rounds=3):
    """{sample: [probability of each level]} on an ordinal scale."""
    samples = by_sample(votes)
    said = [level for _, _, level in votes]
    shares = to_one([said.count(level) + 0.5 for level in range(size)])
    borders = [NORMAL.inv_cdf(sum(shares[: k + 1])) for k in range(size - 1)]
    density = [0.0, *(NORMAL.pdf(b) for b in borders), 0.0]
    scores = [(density[k] - density[k + 1]) / shares[k] for k in range(size)]
    bias, between = [0.0] * people, 0.0
    share, rest = samples_and_noise(samples, scores, bias, len(votes))
    noises = [rest] * people
    shared = {name: rows for name, rows in samples.items() if len(rows) >= 2}
    for _ in range(rounds if shared else 0):
        bias, between, beyond, spread, spread_noise = grade_round(shared, scores, bias, noises, share, rest, people)
        share, rest = samples_and_noise(samples, scores, bias, len(votes))
        noises = []
        for of in beyond.values():
            more = spread * (sum(of) - len(of) * rest) / (len(of) * spread + spread_noise)
            noises.append(max(rest + more, 0.1 * rest))
    total = share + rest + between
    found = {}
    for name, rows in samples.items():
        weights = [rest / noises[p] for p, _ in rows]
        precision = sum(weights) + rest / share
        mean = sum(w * (scores[v] - bias[p]) for w, (p, v) in zip(weights, rows, strict=True)) / precision
        line = NormalDist(mean / math.sqrt(total), math.sqrt(rest / precision / total))
        below = [0.0, *(line.cdf(b) for b in borders), 1.0]
        found[name] = [below[k + 1] - below[k] for k in range(size)]
    return found


def samples_and_noise(samples, scores, bias, count):
    grades = {name: [scores[v] - bias[p] for p, v in rows] for name, rows in samples.items()}
    total = (sum(g * g for of in grades.values() for g in of) + 1) / (count + 1)
    products = sum(a * b for of in grades.values() for i, a in enumerate(of) for j, b in enumerate(of) if i != j)
    pairs = sum(len(of) ** 2 - len(of) for of in grades.values())
    share = min(max((products + 10 * 0.5 * total) / (pairs + 10), 0.02 * total), 0.98 * total)
    return share, total - share


def moments(values):
    """{person: [values]} -> variance between people, variance of a single value"""
    weights = {p: 1 / max(len(of), 1) for p, of in values.items()}
    products = [
        weights[p] * sum(a * b for i, a in enumerate(of) for j, b in enumerate(of) if i != j)
        for p, of in values.items()
    ]
    between = variance_between(products, [weights[p] * (len(of) ** 2 - len(of)) for p, of in values.items()])
    single = [value for of in values.values() for value in of]
    return between, max(sum(v * v for v in single) / len(single) - between, 1e-9)


def grade_round(shared, scores, bias, noises, share, rest, people):
    residuals = {person: [] for person in range(people)}
    for rows in shared.values():
        for place, (person, level) in enumerate(rows):
            others = rows[:place] + rows[place + 1 :]
            weights = [rest / noises[p] for p, _ in others]
            precision = sum(weights) + rest / share
            expected = sum(w * (scores[v] - bias[p]) for w, (p, v) in zip(weights, others, strict=True)) / precision
            residuals[person].append((scores[level] - expected, rest / precision))
    between, noise = moments({p: [r for r, _ in of] for p, of in residuals.items()})
    own = {p: between * sum(r for r, _ in of) / (len(of) * between + noise) for p, of in residuals.items()}
    votes = sum(len(of) for of in residuals.values())
    centre = sum(own[p] * len(of) for p, of in residuals.items()) / votes
    biases = [own[p] - centre if residuals[p] else 0.0 for p in range(people)]
    beyond = {p: [(r - biases[p]) ** 2 - variance for r, variance in of] for p, of in residuals.items()}
    pooled = sum(b for of in beyond.values() for b in of) / votes
    spread, spread_noise = moments({p: [b - pooled for b in of] for p, of in beyond.items()})
    return biases, between, beyond, spread, spread_noise
