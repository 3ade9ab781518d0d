#!/usr/bin/env python3
"""Checks a safetensors file by the letter of the format, or writes a small one. Plain Python.

    check_safetensors.py check FILE    prints "name dtype shape values..." for each tensor
    check_safetensors.py write FILE    writes the file that safetensors_test.cpp expects
"""

import json
import struct
import sys

# The format's names, struct's letters, bytes.
TYPES = {
    "F64": ("d", 8), "F32": ("f", 4), "I64": ("q", 8),
    "I32": ("i", 4), "U8": ("B", 1), "BOOL": ("?", 1),
}


def refuse_doubles(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"a name stands twice: {names}"
    return dict(pairs)


def check(path):
    with open(path, "rb") as f:
        content = f.read()
    (length,) = struct.unpack("<Q", content[:8])
    assert length % 8 == 0, "the values do not start on 8 bytes"
    text = content[8 : 8 + length].decode("utf-8")
    assert text.startswith("{"), "the header does not start with a brace"
    header = json.loads(text, object_pairs_hook=refuse_doubles)
    values = content[8 + length :]
    metadata = header.pop("__metadata__", {})
    for key, value in sorted(metadata.items()):
        assert isinstance(value, str), f"metadata {key} is not text"
        print("metadata", key, value)
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert set(entry) == {"dtype", "shape", "data_offsets"}, f"{name}: {entry}"
        letter, size = TYPES[entry["dtype"]]
        count = 1
        for n in entry["shape"]:
            count *= n
        begin, stop = entry["data_offsets"]
        assert begin == end, f"{name} starts at {begin}, not {end}"
        assert begin % size == 0, f"{name} is not aligned"
        assert stop - begin == count * size, f"{name} spans {stop - begin} bytes"
        end = stop
    assert end == len(values), f"{len(values) - end} bytes belong to no tensor"
    for name, entry in header.items():
        letter, size = TYPES[entry["dtype"]]
        begin, stop = entry["data_offsets"]
        numbers = struct.unpack(f"<{(stop - begin) // size}{letter}", values[begin:stop])
        print(name, entry["dtype"], entry["shape"], *numbers)


def write(path):
    tensors = {
        "w": ("F32", [2, 3], [0.5, -1.25, 3.0, 1e-30, 1e30, 0.1]),
        "double": ("F64", [1], [0.1]),
        "labels": ("I64", [3], [-1, 0, 2**62]),
        "ids": ("I32", [2], [-(2**31), 2**31 - 1]),
        "pixels": ("U8", [2, 2], [0, 1, 254, 255]),
        "mask": ("BOOL", [3], [True, False, True]),
        "scalar": ("F32", [], [7.0]),
        "nothing": ("F32", [0, 4], []),
    }
    header, values = {"__metadata__": {"made by": 'Python "\u00e9"'}}, b""
    for name, (dtype, shape, numbers) in tensors.items():
        packed = struct.pack(f"<{len(numbers)}{TYPES[dtype][0]}", *numbers)
        offsets = [len(values), len(values) + len(packed)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        values += packed
    text = json.dumps(header, indent=1).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + values)


if __name__ == "__main__":
    {"check": check, "write": write}[sys.argv[1]](sys.argv[2])
