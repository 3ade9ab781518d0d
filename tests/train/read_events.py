#!/usr/bin/env python3
"""Reads the event files of a folder as TensorBoard does and prints them as JSON.

Independent of what writes them: the records are those of TensorFlow's record_writer, the messages
those of event.proto and summary.proto, of which the field numbers are all that is used here."""

import json
import math
import pathlib
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def unmasked(crc):
    rotated = (crc - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, length_crc = struct.unpack_from("<QI", data, at)
        if unmasked(length_crc) != crc32c(data[at:at + 8]):
            raise ValueError(f"checksum of the length at {at}")
        body = data[at + 12:at + 12 + length]
        (body_crc,) = struct.unpack_from("<I", data, at + 12 + length)
        if unmasked(body_crc) != crc32c(body):
            raise ValueError(f"checksum of the data at {at}")
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Number and value of each field: integers, floats, or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            (value,), at = struct.unpack_from("<d", data, at), at + 8
        elif wire == 5:
            (value,), at = struct.unpack_from("<f", data, at), at + 4
        elif wire == 2:
            length, at = varint(data, at)
            if at + length > len(data):
                raise ValueError("a field ends behind its message")
            value, at = data[at:at + length], at + length
        else:
            raise ValueError(f"wire type {wire}")
        yield key >> 3, value


def histogram(data):
    names = {1: "min", 2: "max", 3: "num", 4: "sum", 5: "sum_squares"}
    found = {}
    for number, value in fields(data):
        if number in names:
            found[names[number]] = value
        elif number in (6, 7):
            found["limits" if number == 6 else "counts"] = [
                number for (number,) in struct.iter_unpack("<d", value)]
        else:
            raise ValueError(f"field {number} of HistogramProto")
    return found


def plain(value):
    """JSON has no NaN and no infinity: they become text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def main():
    values = {}  # tag -> list of [step, value]
    wall_times = []
    files = sorted(pathlib.Path(sys.argv[1]).glob("*tfevents*"))
    for file in files:
        for index, record in enumerate(records(file.read_bytes())):
            event = dict(fields(record))
            wall_times.append(event[1])
            step = event.get(2, 0)
            if (index == 0) != (event.get(3) == b"brain.Event:2"):
                raise ValueError("the version must be the first event and no other")
            if 7 in event and dict(fields(event[7]))[1] == 1:  # SessionLog.START
                for tag in values:
                    values[tag] = [entry for entry in values[tag] if entry[0] < step]
            for number, value in fields(event.get(5, b"")):
                assert number == 1
                parts = dict(fields(value))
                what = parts[2] if 2 in parts else histogram(parts[5])
                values.setdefault(parts[1].decode(), []).append([step, plain(what)])
    json.dump({"files": len(files), "wall_times": wall_times, "values": values}, sys.stdout)


main()
