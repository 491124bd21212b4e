"""Who links which files: everything once, own files first, what is lost again, who ends workers to blame."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.runtime.linking import LinkFault, LinkPlan, LinkReport, LinkTask
from ray_lineage.runtime.sharing import Lot, Sharing


def plan(count: int) -> LinkPlan:
    return LinkPlan("p", 1, "pack", [LinkTask(f"{n}.sql", "sha", "") for n in range(count)])


def report(linked: int, missing: tuple[str, ...] = (), *, lacks_catalog: bool = False) -> LinkReport:
    return LinkReport(linked, list(missing), [], lacks_catalog, "", 0.0)


def paths(lot: Lot | None) -> list[str]:
    return [t.path for t in lot.tasks] if lot is not None else []


def test_a_worker_links_what_it_made_and_then_what_others_have_left() -> None:
    made_by = {"0.sql": "a", "1.sql": "b", "2.sql": "b", "3.sql": "b"}
    sharing = Sharing(plan(4), made_by, size=1)
    own = sharing.next("a")
    assert own is not None and (paths(own), own.sent) == (["0.sql"], False)
    taken = sharing.next("a")
    assert taken is not None and (paths(taken), taken.sent) == (["3.sql"], True)
    assert paths(sharing.next("b")) == ["1.sql"]


def test_files_that_nobody_made_are_sent() -> None:
    lot = Sharing(plan(2), {}, size=2).next("a")
    assert lot is not None and lot.sent


def test_what_a_worker_lacks_is_sent_to_whoever_comes() -> None:
    sharing = Sharing(plan(2), {"0.sql": "a", "1.sql": "a"}, size=2)
    lot = sharing.next("a")
    assert lot is not None
    sharing.done(lot, report(1, ("1.sql",)))
    again = sharing.next("b")
    assert again is not None and (paths(again), again.sent) == (["1.sql"], True)
    sharing.done(again, report(1))
    assert sharing.finished and sharing.linked == 2


def test_a_worker_without_the_catalog_costs_nothing() -> None:
    sharing = Sharing(plan(1), {"0.sql": "a"}, size=2)
    lot = sharing.next("a")
    assert lot is not None
    sharing.done(lot, report(0, lacks_catalog=True))
    assert not sharing.finished and paths(sharing.next("a")) == ["0.sql"]


def test_a_file_that_ends_three_workers_alone_is_a_fault_and_its_neighbours_are_linked() -> None:
    sharing = Sharing(plan(8), {}, size=8)
    deaths = 0
    while (lot := sharing.next("a")) is not None:
        if "5.sql" in paths(lot):
            deaths += 1
            sharing.failed(lot, "killed")
        else:
            sharing.done(lot, report(len(lot.tasks)))
    assert sharing.finished and sharing.linked == 7
    assert [f.path for f in sharing.faults] == ["5.sql"]
    assert deaths == 3 + 3  # halves down to the one file, then three times alone


def test_faults_are_gathered() -> None:
    sharing = Sharing(plan(1), {}, size=1)
    lot = sharing.next("a")
    assert lot is not None
    fault = LinkFault("0.sql", "RL195", "no time")
    sharing.done(lot, LinkReport(0, [], [fault], False, "", 0.0))
    assert sharing.finished and sharing.faults == [fault]


@given(st.integers(0, 40), st.integers(1, 9), st.integers(0, 2**32))
def test_whatever_is_lost_every_file_is_linked_once(count: int, size: int, seed: int) -> None:
    chance = random.Random(seed)
    workers = ["a", "b", "c"]
    made_by = {f"{n}.sql": chance.choice([*workers, "gone"]) for n in range(count) if chance.random() < 0.8}
    sharing = Sharing(plan(count), made_by, size=size)
    linked: list[str] = []
    out: list[Lot] = []
    failures = count
    while not sharing.finished:
        lot = sharing.next(chance.choice(workers))
        if lot is not None:
            out.append(lot)
        if not out or (lot is not None and chance.random() < 0.5):
            continue
        lot = out.pop(chance.randrange(len(out)))
        what = chance.random()
        if what < 0.2 and failures and len(lot.tasks) > 1:
            failures -= 1
            sharing.failed(lot, "killed")
        elif what < 0.3 and not lot.sent:
            missing = [p for p in paths(lot) if chance.random() < 0.5]
            linked += [p for p in paths(lot) if p not in missing]
            sharing.done(lot, report(len(lot.tasks) - len(missing), tuple(missing)))
        else:
            linked += paths(lot)
            sharing.done(lot, report(len(lot.tasks)))
    assert sorted(linked) == sorted(t.path for t in plan(count).tasks)
    assert sharing.linked == count and not sharing.faults


def test_a_file_that_took_its_limit_is_not_given_out_again() -> None:
    sharing = Sharing(plan(3), {}, size=3)
    lot = sharing.next("a")
    assert lot is not None
    sharing.failed(lot, "it was ended", "1.sql")
    assert [(f.path, f.code) for f in sharing.faults] == [("1.sql", "RL195")]
    assert paths(sharing.next("b")) == ["0.sql", "2.sql"]
