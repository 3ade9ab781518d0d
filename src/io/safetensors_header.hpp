#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/file.hpp"
#include "tenon/io/tensor_dict.hpp"

namespace tenon::detail {

/// What the header of a safetensors file says about one tensor; nothing of it is checked but its
/// form.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;  // at most max_rank
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  io::Metadata metadata;
};

/// Parses the JSON header, which must have exactly the form
///   {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n...], "data_offsets": [n, n]}}
/// and no name twice. No document is built: memory is taken only for what has that form.
SafetensorsHeader parse_safetensors_header(const InputFile& file, const std::string& text);

}  // namespace tenon::detail
