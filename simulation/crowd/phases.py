"""Where in a lot's day somebody has business, as sets of phases: made from the vocabulary, so that a new phase is somebody's at once."""

from venue_model.lots import Phase

NOT_YET = frozenset({Phase.IDLE, Phase.BOOKED})
OVER = frozenset({Phase.CLOSED, Phase.ABORTED})
DECIDED = OVER | {Phase.REPORT_SIGNED, Phase.FAILED}  # nobody has to stay any longer
OPENING = frozenset({Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING})
PAUSED = frozenset({Phase.SUSPENDED})  # whoever is inside waits
AFTER_OPENING = frozenset(Phase) - NOT_YET - OPENING - PAUSED
CALLED = frozenset({Phase.INTAKE})
AFTER_INTAKE = AFTER_OPENING - CALLED - {Phase.OPENING_END}
