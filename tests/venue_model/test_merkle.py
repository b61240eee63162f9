"""The tree is the one of RFC 6962: its published vectors, and every proof of every small tree."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venue_model.merkle import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves and roots that the certificate-transparency reference code tests itself with.
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
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SMALL = 64


def plain_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + plain_root(leaves[:split]) + plain_root(leaves[split:])).digest()


def numbered(count: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(count)]


def test_the_published_vectors_come_out() -> None:
    assert Tree().root() == EMPTY_ROOT
    assert [Tree(LEAVES[: n + 1]).root().hex() for n in range(8)] == ROOTS


def test_a_grown_tree_has_the_root_of_the_definition_at_every_size() -> None:
    tree = Tree(numbered(SMALL))
    for size in range(SMALL + 1):
        assert tree.root(size) == plain_root(numbered(size))


def test_every_leaf_of_every_small_tree_is_provable_and_at_its_own_place_only() -> None:
    tree = Tree(numbered(SMALL))
    for size in range(1, SMALL + 1):
        root = tree.root(size)
        for index in range(size):
            leaf, path = leaf_hash(f"leaf {index}".encode()), tree.inclusion(index, size)
            assert verify_inclusion(leaf, index, size, path, root)
            assert not verify_inclusion(leaf, (index + 1) % size, size, path, root) or size == 1
            assert not verify_inclusion(leaf, index, size, (*path, root), root)
            assert not verify_inclusion(leaf, index, size, path[:-1], root) or not path


def test_every_small_tree_is_consistent_with_every_earlier_one() -> None:
    tree = Tree(numbered(SMALL))
    for new in range(SMALL + 1):
        for old in range(new + 1):
            path = tree.consistency(old, new)
            assert verify_consistency(old, new, path, tree.root(old), tree.root(new))
            if old:
                assert not verify_consistency(old, new, path, EMPTY_ROOT, tree.root(new))
                assert not verify_consistency(old, new, path, tree.root(old), EMPTY_ROOT)
            assert not verify_consistency(old, new, (*path, EMPTY_ROOT), tree.root(old), tree.root(new))
            if path:
                assert not verify_consistency(old, new, path[:-1], tree.root(old), tree.root(new))


@given(st.data())
def test_a_changed_hash_breaks_any_proof(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    tree = Tree(numbered(size))
    path = list(tree.inclusion(index))
    at = data.draw(st.integers(0, len(path) - 1))
    path[at] = bytes([path[at][0] ^ 1]) + path[at][1:]
    assert not verify_inclusion(leaf_hash(f"leaf {index}".encode()), index, size, path, tree.root())


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 299))
def test_a_rewritten_leaf_breaks_consistency(old: int, added: int, at: int) -> None:
    honest, forged = Tree(numbered(old)), numbered(old + added)
    forged[at % old] = b"rewritten"
    tree = Tree(forged)
    assert not verify_consistency(old, old + added, tree.consistency(old), honest.root(), tree.root())


def test_a_leaf_cannot_pass_for_a_node() -> None:
    tree = Tree(numbered(2))
    joined = leaf_hash(b"leaf 0") + leaf_hash(b"leaf 1")
    assert Tree([joined]).root() != tree.root()


def test_a_place_outside_the_tree_is_refused() -> None:
    tree = Tree(numbered(3))
    with pytest.raises(ValueError, match="leaf 3 is not in a tree of 3"):
        tree.inclusion(3)
    with pytest.raises(ValueError, match="the tree has 3 leaves, not 4"):
        tree.inclusion(0, 4)
    with pytest.raises(ValueError, match="does not extend one of 4"):
        tree.consistency(4, 3)
    assert not verify_inclusion(leaf_hash(b"leaf 0"), 3, 3, (), tree.root())
    assert not verify_consistency(3, 2, (), tree.root(), tree.root(2))
