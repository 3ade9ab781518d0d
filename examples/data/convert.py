#!/usr/bin/env python3
"""Makes digits/digits.npy and medical/medical_data.npy from the files that scikit-learn ships.

Usage: convert.py FOLDER, where FOLDER (sklearn/datasets/data) holds digits.csv.gz and
breast_cancer.csv. Needs nothing but Python; run in the folder that shall hold the results.
"""
import csv
import gzip
import pathlib
import struct
import sys


def save_npy(path, kind, code, rows):
    """A version 1 .npy file; kind is NumPy's type string, code that of the module struct."""
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }" % (
        kind, len(rows), len(rows[0]))
    header = header.ljust(128 - 10 - 1) + "\n"
    values = [value for row in rows for value in row]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                     struct.pack("<%d%s" % (len(values), code), *values))


folder = pathlib.Path(sys.argv[1])
with gzip.open(folder / "digits.csv.gz", "rt") as file:
    digits = [[int(float(value)) for value in row] for row in csv.reader(file)]
save_npy(pathlib.Path("digits/digits.npy"), "|u1", "B", digits)

with open(folder / "breast_cancer.csv", newline="") as file:
    medical = [[float(value) for value in row] for row in list(csv.reader(file))[1:]]
save_npy(pathlib.Path("medical/medical_data.npy"), "<f4", "f", medical)
