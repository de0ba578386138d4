#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["mistral_common==1.13.1", "tiktoken==0.14.0"]
# ///
"""Packs Mistral's Tekken tokenizer into the file that mcr embeds.

Reads the vocabulary inside the installed `mistral_common` package and writes

    vocabulary   one entry per rank, in rank order: length byte, token bytes
    end mark     one zero byte (no token is empty)
    characters   runs that cover the code points from 0 on, each a little-endian
                 u32: (code point after the run) << 8 | set of classes

The classes are the bracket expressions of Tekken's pattern, and tiktoken's own
regex engine says which characters they hold. That engine is what the reference
counts with, so both follow the same edition of Unicode.

Special tokens are left out: their text in a message is ordinary text.
The same package versions give the same bytes.
"""

import argparse
import base64
import hashlib
import importlib.metadata
import importlib.resources
import itertools
import json
import pathlib
import struct

import tiktoken

DATA_FILE = "tekken_240911.json"

# What the scanner in src/route/tekken.rs was written for.
PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# The bracket expressions of the pattern, bit 0 first; the constants in
# src/route/tekken.rs have the same order. `[\r\n]` needs no table.
CLASSES = [
    r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]",
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]",
    r"[^\r\n\p{L}\p{N}]",
    r"\p{N}",
    r"[^\s\p{L}\p{N}]",
    r"\s",
]

SURROGATES = range(0xD800, 0xE000)
CODE_POINTS = 0x110000


def vocabulary(tekken: dict) -> list[bytes]:
    """Returns the tokens that can come out of text, in rank order."""
    config = tekken["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    entries = tekken["vocab"][:size]
    assert [entry["rank"] for entry in entries] == list(range(size))
    return [base64.b64decode(entry["token_bytes"], validate=True) for entry in entries]


def members(pattern: str) -> str:
    """Returns every character that the one-character pattern matches.

    An encoding drops the text between matches, and one whose tokens are the
    single bytes spells out the rest.
    """
    encoding = tiktoken.Encoding(
        "members",
        pat_str=pattern,
        mergeable_ranks={bytes([byte]): byte for byte in range(256)},
        special_tokens={},
    )
    every = "".join(chr(point) for point in range(CODE_POINTS) if point not in SURROGATES)
    return encoding.decode_bytes(encoding.encode(every)).decode()


def classes() -> list[int]:
    """Returns the set of classes of every code point."""
    sets = [0] * CODE_POINTS
    for bit, pattern in enumerate(CLASSES):
        for character in members(pattern):
            sets[ord(character)] |= 1 << bit
    # No text holds a surrogate; joining its neighbour's run saves an entry.
    for point in SURROGATES:
        sets[point] = sets[SURROGATES.start - 1]
    return sets


def pack(tokens: list[bytes], sets: list[int]) -> bytes:
    """Returns the packed file."""
    packed = bytearray()
    for token in tokens:
        assert 0 < len(token) < 256
        packed.append(len(token))
        packed += token
    packed.append(0)
    end = 0
    for value, run in itertools.groupby(sets):
        end += len(list(run))
        packed += struct.pack("<I", end << 8 | value)
    return bytes(packed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default="src/catalog/tekken.bin",
        help="where to write the packed file [default: %(default)s]",
    )
    arguments = parser.parse_args()

    source = importlib.resources.files("mistral_common") / "data" / DATA_FILE
    tekken = json.loads(source.read_text(encoding="utf-8"))
    assert tekken["config"]["pattern"] == PATTERN, "the pattern is not the one mcr scans for"
    tokens = vocabulary(tekken)
    packed = pack(tokens, classes())
    arguments.output.write_bytes(packed)

    for package in ("mistral_common", "tiktoken"):
        print(f"{package} {importlib.metadata.version(package)}")
    print(f"{len(tokens)} tokens, {len(packed)} bytes")
    print(f"sha256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
