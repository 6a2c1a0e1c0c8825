"""The table of fates: what can never happen to a letter, whatever happens to it."""

import pytest

from notifier.fates import ALERT, LETTER, Happening, Moves, State, moves

ENDED = {State.ACCEPTED, State.FAILED, State.CANCELLED}
BY_A_PERSON = {
    Happening.APPROVED,
    Happening.WITHDRAWN,
    Happening.FOUND_DELIVERED,
    Happening.FOUND_MISSING,
    Happening.POSTED,
}


def reachable(table: Moves, start: State, without: set[Happening]) -> set[State]:
    """Every state that can follow on `start` if none of `without` happens."""
    found, to_visit = set[State](), [start]
    while to_visit:
        state = to_visit.pop()
        for (at, happening), to in table.items():
            if at is state and happening not in without and to not in found:
                found.add(to)
                to_visit.append(to)
    return found


PATHS = [(LETTER, State.NEW), (ALERT, State.QUEUED)]


@pytest.mark.parametrize(("table", "start"), PATHS)
def test_what_has_ended_stays_so_unless_a_person_says_otherwise(table: Moves, start: State) -> None:
    left = {happening for state, happening in table if state in ENDED}
    assert left <= BY_A_PERSON
    assert not {state for state, _ in table} & {State.ACCEPTED, State.CANCELLED}
    assert reachable(table, start, set()) >= ENDED


def test_a_draft_does_not_go_stale_while_a_person_looks_at_it() -> None:
    assert (State.DRAFTED, Happening.TOO_LATE) not in LETTER


def test_a_failed_letter_can_be_sent_again_or_settled_by_hand() -> None:
    assert LETTER[State.FAILED, Happening.FOUND_MISSING] is State.QUEUED
    assert LETTER[State.FAILED, Happening.FOUND_DELIVERED] is State.ACCEPTED


@pytest.mark.parametrize("table", [LETTER, ALERT])
def test_only_what_the_mail_server_is_waiting_for_is_handed_over(table: Moves) -> None:
    before = {state for (state, _), to in table.items() if to is State.SENDING}
    assert before == {State.QUEUED, State.RETRY}


def test_a_letter_that_perhaps_went_is_sent_again_only_by_a_person() -> None:
    after = LETTER[State.SENDING, Happening.REPLY_LOST]
    assert after is State.UNCERTAIN
    assert State.SENDING not in reachable(LETTER, after, BY_A_PERSON)
    assert reachable(LETTER, after, {Happening.FOUND_MISSING}) <= ENDED


def test_a_letter_that_needs_approval_is_not_sent_without_it() -> None:
    # That a letter did not arrive is said only of one that was approved: the case sees to it.
    without = {Happening.APPROVED, Happening.WRITTEN, Happening.FOUND_MISSING}
    assert State.SENDING not in reachable(LETTER, State.NEW, without)


def test_an_alert_that_perhaps_went_is_sent_again_and_never_waits_for_a_person() -> None:
    assert ALERT[State.SENDING, Happening.REPLY_LOST] is State.RETRY
    assert State.UNCERTAIN not in reachable(ALERT, State.QUEUED, set())


@pytest.mark.parametrize("table", [LETTER, ALERT])
def test_time_does_not_run_out_while_a_mail_is_being_handed_over(table: Moves) -> None:
    assert (State.SENDING, Happening.TOO_LATE) not in table
    assert (State.SENDING, Happening.WITHDRAWN) not in table


@pytest.mark.parametrize(("table", "start"), PATHS)
def test_every_state_and_every_happening_of_the_table_can_come_about(
    table: Moves, start: State
) -> None:
    states = {start} | reachable(table, start, set())
    assert states == {state for state, _ in table} | set(table.values())


def test_letters_and_alerts_each_follow_their_own_table() -> None:
    assert moves(is_alert=False) is LETTER
    assert moves(is_alert=True) is ALERT
    assert {happening for _, happening in LETTER} == set(Happening)
