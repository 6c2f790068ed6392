"""The border: a trusted worker on one side, an untrusted candidate on the other, strictly framed plain data between.

    worker (`candidate`, `warm`)  --control-->  zygote (`zygote`)  --fork-->  candidate (`layers`, then `child`)
          ^-------------------------- data frames (`wire`) ---------------------------^

The zygote has imported the problem's modules once and forks one child per candidate; it never sees a byte that a
candidate wrote. Modules of this package that run on the far side use the standard library only.
"""
