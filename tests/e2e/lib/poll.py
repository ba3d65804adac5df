"""Waiting without sleeping blindly: ask again until it holds or the deadline passes. Deadlines are
for what never comes; on a busy machine what does come takes its time."""
import time

PATIENCE_S = 180.0


def eventually(ask, deadline=PATIENCE_S, every=0.05):
    """The first truthy answer of ask(). A failed assertion inside ask() counts as "not yet"; after
    `deadline` seconds the last one is raised, or TimeoutError with the last answer."""
    end, pause = time.monotonic() + deadline, every
    while True:
        answer, failure = None, None
        try:
            answer = ask()
            if answer:
                return answer
        except AssertionError as e:
            failure = e
        if time.monotonic() >= end:
            raise failure or TimeoutError(f"not within {deadline} s; the last answer: {answer!r}")
        time.sleep(pause)
        pause = min(1.2 * pause, max(every, 0.25))  # asking takes time from what is waited for
