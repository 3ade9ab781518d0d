#!/usr/bin/env python3
"""Writes the images that tests/data/image_folder_test.cpp reads, and what Pillow makes of them.

Run with Pillow 9 and numpy (Debian: python3-pil):  python3 make_images.py

expected.safetensors holds for each file its pixels in three channels, uint8 (H, W, 3), and for
colours.png the same resized by Pillow's bilinear filter: "colours.png.<height>x<width>"."""

import json
import pathlib
import struct

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent


def picture(height, width):
    """A smooth picture with an edge, so that JPEG keeps it well."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    red = 40 + 180 * x / width
    green = 200 - 150 * y / height
    blue = np.where(x + y < (height + width) / 2, 60, 190)
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def save(path, tensors):
    header, blobs, end = {"__metadata__": {"pillow": Image.__version__}}, [], 0
    for name, values in sorted(tensors.items()):
        begin, end = end, end + values.size
        header[name] = {"dtype": "U8", "shape": list(values.shape), "data_offsets": [begin, end]}
        blobs.append(values.tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    colours = Image.fromarray(picture(12, 17))
    colours.save(HERE / "colours.png")
    colours.quantize(16).save(HERE / "palette.png")
    colours.convert("L").save(HERE / "grey.png")
    alpha = colours.copy()
    alpha.putalpha(Image.fromarray(np.arange(12 * 17, dtype=np.uint8).reshape(12, 17)))
    alpha.save(HERE / "alpha.png")
    deep = picture(12, 17)[:, :, 0].astype(np.uint16) * 257
    Image.fromarray(deep.astype(np.int32), "I").save(HERE / "deep.png")
    photo = Image.fromarray(picture(40, 30))
    photo.save(HERE / "photo.jpg", quality=90)
    photo.save(HERE / "progressive.jpg", quality=90, progressive=True)
    photo.convert("L").save(HERE / "grey.jpg", quality=90)

    tensors = {}
    for path in sorted(HERE.glob("*.png")) + sorted(HERE.glob("*.jpg")):
        if path.name == "deep.png":
            tensors[path.name] = np.repeat(picture(12, 17)[:, :, :1], 3, axis=2)
        else:
            tensors[path.name] = np.asarray(Image.open(path).convert("RGB"))
    for height, width in [(10, 10), (80, 60), (17, 45), (1, 1)]:
        resized = Image.open(HERE / "colours.png").convert("RGB").resize((width, height), Image.BILINEAR)
        tensors[f"colours.png.{height}x{width}"] = np.asarray(resized)
    save(HERE / "expected.safetensors", tensors)


if __name__ == "__main__":
    main()
