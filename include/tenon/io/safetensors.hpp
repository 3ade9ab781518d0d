#pragma once

#include <string>

#include "tenon/io/tensor_dict.hpp"

namespace tenon::io {

struct SafetensorsOptions {
  /// Keep a CRC-32 of the whole file in its metadata, under "crc32", a key that nothing else may
  /// have: loading then finds out about damage. It costs one more pass over the values.
  bool checksum = false;
};

/// Writes named tensors to a safetensors file, which Python's safetensors, PyTorch and others read.
///   file = header length (8 bytes, little-endian), header (JSON), values (row-major,
///   little-endian)
/// tensors keep their types and their order; wide types come first among the values, so that each
/// tensor is aligned. metadata is written in addition to tensors.metadata. The file appears
/// complete or not at all: it is written under another name in the same folder, flushed, then
/// renamed. Throws IoError (the file cannot be written, a name is not UTF-8) and ValueError (a
/// tensor called "__metadata__").
/// Source: https://huggingface.co/docs/safetensors
TENON_API void save_safetensors(const std::string& path, const TensorDict& tensors,
                                const Metadata& metadata = {},
                                const SafetensorsOptions& options = {});

/// Reads a safetensors file: every tensor under its name and type (float32, float64, int64, int32,
/// uint8, bool), in the order of the header, and the metadata.
/// Nothing is believed: lengths, offsets and shapes are checked against the file's size before
/// memory is taken for them; a checksum that save_safetensors() left is verified. Throws IoError
/// where the file cannot be read or contradicts itself, and TypeError for a scalar type that Tenon
/// does not have.
TENON_API TensorDict load_safetensors(const std::string& path);

}  // namespace tenon::io
