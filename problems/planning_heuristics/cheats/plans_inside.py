"""expect timeout: a whole planner for blocksworld inside the heuristic; exact, and called for every state."""

from collections import deque


def successors(under):
    tops = set(under) - set(under.values())
    for block in sorted(tops):
        for place in [None, *sorted(tops)]:
            if place != block and place != under[block]:
                yield {**under, block: place}


def heuristic(state):
    names = state["objects"]
    under = dict.fromkeys(names)
    under.update((upper, lower) for name, *rest in state["atoms"] if name == "on" for upper, lower in [rest])
    goal = {upper: lower for _, upper, lower in state["goal"]}
    first = tuple(sorted(under.items(), key=str))
    queue, seen = deque([(under, 0)]), {first}
    best = 0
    while queue:
        here, steps = queue.popleft()
        if all(here[upper] == lower for upper, lower in goal.items()) and not best:
            best = steps
        for there in successors(here):
            key = tuple(sorted(there.items(), key=str))
            if key not in seen:
                seen.add(key)
                queue.append((there, steps + 1))
    return best
