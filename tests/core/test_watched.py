"""Dictionaries that tell of their changes."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest

from dualapp import Config
from dualapp.core.watched import Hearers, Watched, WatchedLists


class Hearer:
    def __init__(self):
        self.heard = 0

    def drop(self):
        self.heard += 1


def set_item(d):
    d["b"] = 2


def delete_item(d):
    del d["a"]


def merge(d):
    d |= {"b": 2}


CHANGES = [
    set_item,
    delete_item,
    merge,
    lambda d: d.clear(),
    lambda d: d.pop("a"),
    lambda d: d.popitem(),
    lambda d: d.setdefault("b", 2),
    lambda d: d.update(b=2),
    lambda d: d.update({"b": 2}),
    lambda d: d.update([("b", 2)]),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [Watched, lambda d: Config(".", d)])
def test_each_change_is_told(make, change):
    watched, plain, hearer = make({"a": 1}), {"a": 1}, Hearer()
    watched.hearers.add(hearer)
    change(watched)
    change(plain)
    assert watched == plain != {"a": 1}
    assert hearer.heard >= 1


def test_that_list_of_changes_is_whole():
    reading = {"__class_getitem__", "copy", "fromkeys", "get", "items", "keys", "values"}
    public = {name for name in vars(dict) if not name.startswith("_")} - reading
    assert public | {"__setitem__", "__delitem__", "__ior__"} <= vars(Watched).keys()


def test_a_merge_gives_the_same_dictionary():
    watched = before = Watched({"a": 1})
    watched |= {"b": 2}
    assert watched is before


def test_a_list_that_is_made_is_told():
    lists, hearer = WatchedLists(list, {None: [1]}), Hearer()
    lists.hearers.add(hearer)
    lists["new"].append(2)
    lists["new"].append(3)
    lists[None].append(4)
    assert lists == {None: [1, 4], "new": [2, 3]}
    assert hearer.heard == 1


def test_an_update_that_fails_half_way_is_told():
    def pairs():
        yield "b", 2
        raise ZeroDivisionError

    watched, hearer = Watched(), Hearer()
    watched.hearers.add(hearer)
    with pytest.raises(ZeroDivisionError):
        watched.update(pairs())
    assert (watched, hearer.heard) == ({"b": 2}, 1)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
@pytest.mark.parametrize(
    "original", [Watched(a=[1]), WatchedLists(list, {"a": [1]}), Config("root", {"a": [1]})]
)
def test_who_hears_of_the_original_does_not_hear_of_a_copy(original, duplicate):
    hearer = Hearer()
    original.hearers.add(hearer)
    made = duplicate(original)
    assert (type(made), made) == (type(original), original)
    assert getattr(made, "root_path", None) == getattr(original, "root_path", None)
    made["b"] = [2]
    assert hearer.heard == 0


def test_hearers_are_told_once_and_not_kept_alive():
    hearers, stays, goes = Hearers(), Hearer(), Hearer()
    for each in (stays, stays, goes):
        hearers.add(each)
    del each, goes
    gc.collect()
    hearers.tell()
    assert stays.heard == 1
    assert len(hearers._all) == 1


def test_one_may_be_added_by_who_is_told():
    hearers = Hearers()

    class Adding(Hearer):
        def drop(self):
            super().drop()
            hearers.add(late)

    late, adding = Hearer(), Adding()
    hearers.add(adding)
    hearers.tell()
    hearers.tell()
    assert (adding.heard, late.heard) == (2, 1)
