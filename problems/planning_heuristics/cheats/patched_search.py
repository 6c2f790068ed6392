"""expect error: it looks for the judge's search, to make it stop at the first state."""


def heuristic(state):
    from evolve_problems._shared.planning import best_first

    best_first.search = lambda *_: best_first.SearchResult("solved", (), 0, 0)
    raise SystemExit(0)
