"""RFC 6962 Merkle tree over SHA-256: grow it, take its root, prove inclusion and consistency, verify both.

Complete subtrees never change, so a log stores each once, addressed as (level, index): level 0 holds the leaf hashes,
and (l, i) covers the leaves [i·2^l, (i+1)·2^l).

            (2,0)
          /       \\
      (1,0)       (1,1)         root of 7 leaves = H( (2,0), H( (1,2), (0,6) ) )
      /   \\       /   \\
    0       1   2       3    4  5  6

Every function takes a `Node` look-up, so the same code runs over memory and over a database, in O(log n) hashes.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import TypeAlias

Node: TypeAlias = Callable[[int, int], bytes]  # (level, index) → hash of that complete subtree

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf; the prefix keeps a leaf from being taken for a node."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def grow(size: int, leaf: bytes, node: Node) -> Iterator[tuple[int, int, bytes]]:
    """The complete subtrees that appear when `leaf`, a leaf hash, joins a tree of `size` leaves."""
    level, index, made = 0, size, leaf
    yield level, index, made
    while index % 2 == 1:
        made = node_hash(node(level, index - 1), made)
        level, index = level + 1, index // 2
        yield level, index, made


def root(size: int, node: Node) -> bytes:
    return _range(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 6962 2.1.1, from the leaf's sibling up to the root's child."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(middle, high, node))
            high = middle
        else:
            path.append(_range(low, middle, node))
            low = middle
    return tuple(reversed(path))


def consistency(old: int, new: int, node: Node) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) of RFC 6962 2.1.2: the tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not extend one of {old}")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    low, high, whole = 0, new, True  # `whole`: the old tree's root is a node here, and the verifier knows it already
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range(middle, high, node))
            high = middle
        else:
            path.append(_range(low, middle, node))
            low, whole = middle, False
    if not whole:
        path.append(_range(low, high, node))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """True when `leaf`, a leaf hash, is number `index` of `size` leaves under that root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, made = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            made = node_hash(sibling, made)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            made = node_hash(made, sibling)
        position, last = position // 2, last // 2
    return last == 0 and made == expected_root


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """True when the tree of `new` leaves is the tree of `old` leaves with leaves added (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    steps = list(path)
    if old & (old - 1) == 0:  # a power of two: the old root is itself the first step
        steps.insert(0, old_root)
    if not steps:
        return False
    position, last = old - 1, new - 1
    while position % 2 == 1:
        position, last = position // 2, last // 2
    old_made = new_made = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            old_made, new_made = node_hash(step, old_made), node_hash(step, new_made)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            new_made = node_hash(new_made, step)
        position, last = position // 2, last // 2
    return last == 0 and old_made == old_root and new_made == new_root


class Tree:
    """A tree in memory, for a package's own segments and for tests.  Leaves are data; the tree hashes them."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def append(self, data: bytes) -> int:
        """Add a leaf and return its index."""
        index = self.size
        for level, _, made in grow(index, leaf_hash(data), self._node):
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(made)
        return index

    def root(self, size: int | None = None) -> bytes:
        return root(self._upto(size), self._node)

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        return inclusion(index, self._upto(size), self._node)

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        return consistency(old, self._upto(new), self._node)

    def _upto(self, size: int | None) -> int:
        if size is not None and size > self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")
        return self.size if size is None else size

    def _node(self, level: int, index: int) -> bytes:
        return self._levels[level][index]


def _split(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def _range(low: int, high: int, node: Node) -> bytes:
    """Hash of the leaves [low, high), where `low` is a multiple of a power of two that is at least high - low."""
    width = high - low
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, low >> level)
    middle = low + _split(width)
    return node_hash(_range(low, middle, node), _range(middle, high, node))
