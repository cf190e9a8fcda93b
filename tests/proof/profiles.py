"""How many histories, and how long: few and always the same in `make test`, as many as are asked for in `make prove`.

PROVE_EXAMPLES and PROVE_STEPS make it the long one. PROVE_SEED=, which it tells, repeats a long one; PROVE_AS_IS=1
shows a history that fails as it was found, where the search for the shortest one takes too long.
"""

import os
import random
from collections import Counter

from hypothesis import HealthCheck, Phase, settings

PROVING = "PROVE_EXAMPLES" in os.environ
AS_IS = "PROVE_AS_IS" in os.environ
HISTORIES = int(os.environ["PROVE_EXAMPLES"]) if PROVING else 24
# After its tenth history Hypothesis mostly goes on with variants of those before. New ones are worth more here.
AT_ONCE = 8
SEED = int(os.environ.get("PROVE_SEED", random.SystemRandom().randrange(2**32) if PROVING else 1))

_EITHER = settings(
    max_examples=AT_ONCE,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=[Phase.generate] if AS_IS else [Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("test", _EITHER, stateful_step_count=45)
settings.register_profile("prove", _EITHER, stateful_step_count=int(os.environ.get("PROVE_STEPS", "50")))
PROFILE = settings.get_profile("prove" if PROVING else "test")

seen: Counter[str] = Counter()  # how often each event happened, or was refused, and each state was come by
