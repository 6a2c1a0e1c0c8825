"""Leaves, hashes and proofs, against the published vectors and against a tree computed by hand.

The vectors are those of the Certificate Transparency reference implementation
(merkle_tree_test.cc), which every implementation of RFC 6962 and RFC 9162 is checked with.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from durable import Place
from incidents.evidence.tree import Frontier, Tree
from incidents.evidence.verify import (
    EMPTY_ROOT,
    NO_PREVIOUS,
    Leaf,
    Malformed,
    extends,
    includes,
    leaf_hash,
    leaf_of,
    node_hash,
)
from tests.incidents.evidence.installation import CASES, flip

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSIONS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCIES = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
LARGEST_TREE = 80


def hashes(texts: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, texts))


def root_by_definition(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 9162 defines it, in section 2.1.1, with no regard to speed."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return node_hash(root_by_definition(leaves[:left]), root_by_definition(leaves[left:]))


def grown(path: Path, leaves: Sequence[bytes]) -> Tree:
    tree = Tree(Place(path))
    with tree.growing() as growth:
        for number, leaf in enumerate(leaves, 1):
            growth.add(number, CASES[0], number, leaf)
    return tree


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The tree of the published vectors."""
    path = tmp_path_factory.mktemp("vectors")
    return grown(path, [leaf_hash(leaf) for leaf in LEAVES])


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    """Eighty leaf hashes."""
    return [leaf_hash(f"leaf {n}".encode()) for n in range(LARGEST_TREE)]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, leaves: list[bytes]) -> Tree:
    """Their tree."""
    return grown(tmp_path_factory.mktemp("tree"), leaves)


sizes = st.integers(1, LARGEST_TREE)


# the published vectors


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_the_published_ones(vectors: Tree, size: int) -> None:
    assert vectors.root(size) == ROOTS[size]
    assert root_by_definition([leaf_hash(leaf) for leaf in LEAVES[:size]]) == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_the_inclusion_proofs_are_the_published_ones(
    vectors: Tree, index: int, size: int, proof: list[str]
) -> None:
    assert vectors.inclusion(index, size) == hashes(proof)
    assert includes(index, size, leaf_hash(LEAVES[index]), hashes(proof), ROOTS[size])


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCIES)
def test_the_consistency_proofs_are_the_published_ones(
    vectors: Tree, first: int, second: int, proof: list[str]
) -> None:
    assert vectors.consistency(first, second) == hashes(proof)
    assert extends(first, second, ROOTS[first], ROOTS[second], hashes(proof))


# any size


@pytest.mark.parametrize("size", range(LARGEST_TREE + 1))
def test_the_root_at_any_size_is_the_one_the_standard_defines(
    tree: Tree, leaves: list[bytes], size: int
) -> None:
    frontier = Frontier()
    for leaf in leaves[:size]:
        frontier.add(leaf)
    assert tree.root(size) == frontier.root() == root_by_definition(leaves[:size])


@given(sizes, st.data())
def test_every_inclusion_proof_holds_and_for_no_other_place(
    tree: Tree, leaves: list[bytes], size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = tree.inclusion(index, size), tree.root(size)
    assert includes(index, size, leaves[index], proof, root)
    other = data.draw(st.integers(-1, LARGEST_TREE + 1).filter(lambda n: n != index))
    assert not includes(other, size, leaves[index], proof, root)
    assert not includes(index, size, leaves[(index + 1) % LARGEST_TREE], proof, root)


@given(sizes, st.data())
def test_one_bit_turned_over_anywhere_breaks_an_inclusion_proof(
    tree: Tree, leaves: list[bytes], size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    parts = [leaves[index], tree.root(size), *tree.inclusion(index, size)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flip(parts[which], data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7)))
    assert not includes(index, size, parts[0], parts[2:], parts[1])


@given(sizes, sizes)
def test_every_consistency_proof_holds_and_not_the_other_way_round(
    tree: Tree, one: int, other: int
) -> None:
    first, second = sorted((one, other))
    proof = tree.consistency(first, second)
    old, new = tree.root(first), tree.root(second)
    assert extends(first, second, old, new, proof)
    if first < second:
        assert not extends(second, first, new, old, proof)
        assert not extends(first, second, new, old, proof)
        assert not extends(first, second, old, new, (*proof, old))
        assert not extends(first, second, old, new, proof[:-1])


@given(sizes, sizes, st.data())
def test_one_bit_turned_over_anywhere_breaks_a_consistency_proof(
    tree: Tree, one: int, other: int, data: st.DataObject
) -> None:
    first, second = sorted((one, other))
    parts = [tree.root(first), tree.root(second), *tree.consistency(first, second)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flip(parts[which], data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7)))
    assert not extends(first, second, parts[0], parts[1], parts[2:])


@given(
    st.integers(-(2**70), 2**70),
    st.integers(-(2**70), 2**70),
    st.lists(st.binary(max_size=40), max_size=80),
)
@settings(max_examples=300)
def test_a_proof_made_up_by_anybody_is_false_and_harmless(
    index: int, size: int, proof: list[bytes]
) -> None:
    root = leaf_hash(b"root")
    assert not includes(index, size, leaf_hash(b"leaf"), proof, root)
    if index != size:
        assert not extends(index, size, leaf_hash(b"old"), root, proof)


def test_every_log_continues_the_empty_one(tree: Tree) -> None:
    assert tree.consistency(0, 5) == ()
    assert extends(0, 5, EMPTY_ROOT, tree.root(5), ())
    assert not extends(0, 5, tree.root(5), tree.root(5), ())


@pytest.mark.parametrize("first", [-1, 6, 2**64])
def test_no_consistency_is_proved_from_a_size_that_is_not_within(tree: Tree, first: int) -> None:
    with pytest.raises(ValueError, match="beyond the tree"):
        tree.consistency(first, 5)


@pytest.mark.parametrize("index", [-1, 5, 2**64])
def test_no_inclusion_is_proved_for_a_leaf_that_is_not_within(tree: Tree, index: int) -> None:
    with pytest.raises(ValueError, match="beyond the tree"):
        tree.inclusion(index, 5)


@pytest.mark.parametrize("size", [-1, LARGEST_TREE + 1, 2**64])
def test_nothing_is_proved_of_a_size_the_tree_has_not(tree: Tree, size: int) -> None:
    for ask in (
        lambda: tree.root(size),
        lambda: tree.inclusion(0, size),
        lambda: tree.consistency(0, size),
    ):
        with pytest.raises(ValueError, match="beyond the tree"):
            ask()


# leaves


STORED = b'{"schema":1,"school":"hillviewprimary","recorded_at":"2026-11-02T08:30:00Z"}'
LEAF = Leaf(
    position=17,
    school="hillviewprimary",
    stream=UUID("00112233-4455-6677-8899-aabbccddeeff"),
    version=3,
    topic="incidents.case_closed",
    recorded_at="2026-11-02T08:30:00Z",
    previous=NO_PREVIOUS,
    state_hash=sha256(STORED).digest(),
)


def test_the_bytes_of_a_leaf_never_change() -> None:
    assert LEAF.encode().hex() == "".join(
        (
            "01",
            "00000008" + "0000000000000011",
            "0000000f" + b"hillviewprimary".hex(),
            "00000010" + "00112233445566778899aabbccddeeff",
            "00000008" + "0000000000000003",
            "00000015" + b"incidents.case_closed".hex(),
            "00000014" + b"2026-11-02T08:30:00Z".hex(),
            "00000020" + "00" * 32,
            "00000020" + sha256(STORED).hexdigest(),
        )
    )
    assert LEAF.hash() == sha256(b"\x00" + LEAF.encode()).digest()


def test_a_leaf_is_made_of_the_columns_and_the_stored_bytes() -> None:
    made = leaf_of(
        position=17,
        stream=LEAF.stream,
        version=3,
        topic=LEAF.topic,
        state=STORED,
        previous=NO_PREVIOUS,
    )
    assert made == LEAF


@given(
    st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=6)] * 3),
    st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=6)] * 3),
)
def test_no_two_leaves_are_encoded_alike(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    first, second = (
        Leaf(
            position=1,
            school=texts[0],
            stream=CASES[0],
            version=1,
            topic=texts[1],
            recorded_at=texts[2],
            previous=NO_PREVIOUS,
            state_hash=NO_PREVIOUS,
        )
        for texts in (one, other)
    )
    assert (first.encode() == second.encode()) == (one == other)


@pytest.mark.parametrize(
    ("position", "version", "topic", "state"),
    [
        (0, 1, "t", STORED),
        (-1, 1, "t", STORED),
        (2**63, 1, "t", STORED),
        (1, 0, "t", STORED),
        (1, 2**63, "t", STORED),
        (1, 1, "\ud800", STORED),
        (1, 1, "t", b""),
        (1, 1, "t", b"null"),
        (1, 1, "t", b"{}"),
        (1, 1, "t", b'{"school":1,"recorded_at":"x"}'),
        (1, 1, "t", b'{"school":"\\ud800","recorded_at":"x"}'),
        (1, 1, "t", b'{"school":"x","recorded_at":null}'),
        (1, 1, "t", b"\xff\xfe{}"),
        (1, 1, "t", b"[" * 200_000),
        (1, 1, "t", b'{"school":' + b"9" * 5000 + b"}"),
    ],
)
def test_what_is_no_stored_event_has_no_leaf(
    position: int, version: int, topic: str, state: bytes
) -> None:
    with pytest.raises(Malformed):
        leaf_of(
            position=position,
            stream=CASES[0],
            version=version,
            topic=topic,
            state=state,
            previous=NO_PREVIOUS,
        )
