#!/usr/bin/env python3
"""Checks who includes whom: the ladder of layers, the umbrella, what public headers may include,
and the names of macros. Prints one line for each offence, FILE:LINE: what is wrong."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What each layer may include besides itself.
BELOW_OPS = {"base", "tensor", "kernels", "autograd"}
ALLOWED = {
    "base": set(),
    "tensor": {"base", "kernels"},  # copies of strided views are a kernel; never the reverse
    "kernels": {"base"},
    "autograd": {"base", "tensor", "kernels"},
    "ops": BELOW_OPS,
    "nn": {"base", "tensor", "autograd", "ops"},  # a layer calls ops, never a kernel
    "optim": BELOW_OPS | {"ops", "nn"},
    "data": {"base", "tensor"},
    "io": {"base", "tensor", "autograd", "ops", "nn"},
    "profile": {"base", "kernels", "nn", "io"},  # kernels: what the machine can do at most
    "train": {"base", "tensor", "autograd", "ops", "nn", "optim", "data", "io"},
    "linalg": BELOW_OPS | {"ops"},
    "eigen": {"base", "tensor"},
}
UMBRELLA = "tenon.hpp"

# Slow to compile, or a dependency that users must not meet.
FORBIDDEN = re.compile(
    r"^(regex|iostream|functional|sstream|omp\.h|zlib\.h|Eigen/.*|hwy/.*|nlohmann/.*|.*stb_image\.h)$")
FORBIDDEN_EXCEPT = {"include/tenon/eigen.hpp": re.compile(r"^Eigen/")}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# What Highway wants to be told before its headers are included.
HIGHWAY_MACROS = {"HWY_TARGET_INCLUDE", "HWY_DISABLED_TARGETS"}
# And stb_image, which one file includes.
STB_FILE, STB_MACRO = "src/data/image_file.cpp", re.compile(r"^STB(I|_IMAGE)_")

DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)")


def files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "include", "src"],
        cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return [name for name in sorted(set(listed))
            if name.endswith((".hpp", ".cpp")) and (ROOT / name).is_file()]


def layer_of(name):
    """include/tenon/ops/relu.hpp -> ops; include/tenon/eigen.hpp -> eigen; the umbrella and what is precompiled -> None."""
    parts = pathlib.PurePosixPath(name).parts
    parts = parts[2:] if parts[0] == "include" else parts[1:]
    layer = parts[0] if len(parts) > 1 else pathlib.PurePosixPath(parts[0]).stem
    return None if layer in ("tenon", "precompiled") else layer


def resolve(name, included, quoted):
    """The layer that an include line names, or None if the file is not one of ours."""
    if included.startswith("tenon/"):
        return layer_of("include/" + included)
    if quoted:
        if (ROOT / name).parent.joinpath(included).is_file():
            return layer_of(str((ROOT / name).parent.joinpath(included).resolve()
                                .relative_to(ROOT)))
        if (ROOT / "src" / included).is_file():
            return layer_of("src/" + included)
    return None


def check(name, text):
    layer = layer_of(name)
    public = name.startswith("include/")
    if layer is not None and layer not in ALLOWED:
        yield 1, f"unknown layer '{layer}'"
        return
    for number, line in enumerate(text.splitlines(), 1):
        if include := INCLUDE.match(line):
            included = include.group(2)
            target = resolve(name, included, include.group(1) == '"')
            if included == "tenon/" + UMBRELLA:
                yield number, "includes the umbrella, which is for users only"
            if layer and target and target != layer and target not in ALLOWED[layer]:
                yield number, f"{layer} must not include {target} ({included})"
            excepted = FORBIDDEN_EXCEPT.get(name)
            if public and FORBIDDEN.match(included) and not (excepted
                                                             and excepted.match(included)):
                yield number, f"public headers must not include <{included}>"
        elif ((define := DEFINE.match(line)) and not define.group(1).startswith("TENON_")
              and define.group(1) not in HIGHWAY_MACROS
              and not (name == STB_FILE and STB_MACRO.match(define.group(1)))):
            yield number, f"macro {define.group(1)}: names of macros begin with TENON_"


def main():
    offences = [f"{name}:{number}: {message}" for name in files()
                for number, message in check(name, (ROOT / name).read_text())]
    print("\n".join(offences) if offences else f"check_ladder: fine, {len(files())} files")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
