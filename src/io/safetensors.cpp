#include "tenon/io/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>

#include "io/checksum.hpp"
#include "io/file.hpp"
#include "io/json_text.hpp"
#include "io/safetensors_header.hpp"

namespace tenon::io {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

using detail::AtomicFile;
using detail::Checksum;
using detail::in_quotes;
using detail::InputFile;
using detail::SafetensorsEntry;

// Precedes the digits in a header. Nothing else there can read like this: a quotation mark inside a
// text has a backslash before it.
constexpr std::string_view checksum_key = "\"crc32\":\"";

struct TypeName {
  const char* name;
  DType dtype;
  std::uint64_t bytes;
};
constexpr TypeName type_names[] = {
    {"F32", DType::float32, 4}, {"F64", DType::float64, 8}, {"I64", DType::int64, 8},
    {"I32", DType::int32, 4},   {"U8", DType::uint8, 1},    {"BOOL", DType::boolean, 1},
};

const TypeName& type_of(DType dtype) {
  return *std::find_if(std::begin(type_names), std::end(type_names),
                       [dtype](const TypeName& type) { return type.dtype == dtype; });
}

const TypeName& type_of(const InputFile& file, const SafetensorsEntry& entry) {
  for (const TypeName& type : type_names) {
    if (entry.dtype == type.name) return type;
  }
  file.fail<TypeError>("tensor ", in_quotes(entry.name), " has the type ", in_quotes(entry.dtype),
                       ", which Tenon does not have (it has F32, F64, I64, I32, U8, BOOL); hint: "
                       "convert it in Python, e.g. tensor.float(), and save again");
}

/// The bytes that the shape asks for, once it is certain that no product overflows.
std::uint64_t checked_bytes(const InputFile& file, const SafetensorsEntry& entry,
                            std::uint64_t item) {
  // Zeros are left out of the first product, since strides are products of the other sizes.
  std::uint64_t room = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) / item;
  std::uint64_t bytes = item;
  for (std::uint64_t size : entry.shape) {
    if (size > room) {
      file.fail("the shape of tensor ", in_quotes(entry.name),
                " has more elements than memory can ", "hold; hint: the header is damaged");
    }
    room /= std::max<std::uint64_t>(size, 1);
    bytes *= size;
  }
  return bytes;
}

void check_entry(const InputFile& file, const SafetensorsEntry& entry, std::uint64_t data_bytes) {
  const std::uint64_t wanted = checked_bytes(file, entry, type_of(file, entry).bytes);
  if (entry.begin > entry.end || entry.end > data_bytes) {
    file.fail("tensor ", in_quotes(entry.name), " lies at bytes ", entry.begin, " to ", entry.end,
              " of the values, but the file has ", data_bytes, "; hint: a truncated download?");
  }
  if (entry.end - entry.begin != wanted) {
    file.fail("tensor ", in_quotes(entry.name), " needs ", wanted, " bytes for its shape but its ",
              "offsets span ", entry.end - entry.begin, "; hint: the header is damaged");
  }
}

/// Tensors cover the values one after another, as the format demands: what lies between them could
/// hide anything, and two in one place are a mistake.
void check_layout(const InputFile& file, const std::vector<SafetensorsEntry>& entries,
                  const std::vector<std::size_t>& order, std::uint64_t data_bytes) {
  std::uint64_t end = 0;
  for (std::size_t i : order) {
    const SafetensorsEntry& entry = entries[i];
    if (entry.begin != end) {
      file.fail("tensor ", in_quotes(entry.name), " starts at byte ", entry.begin,
                " of the values, but the one before it ends at ", end,
                entry.begin < end ? ": they overlap" : ": nothing describes what lies between",
                "; hint: the header is damaged");
    }
    end = entry.end;
  }
  if (end != data_bytes) {
    file.fail("the values have ", data_bytes, " bytes but the tensors end at ", end,
              "; hint: the file is damaged");
  }
}

std::string read_header(InputFile& file) {
  std::uint64_t length = 0;
  if (file.size() < sizeof length) {
    file.fail("has only ", file.size(),
              " bytes, too few for a safetensors file; hint: a truncated ", "download?");
  }
  file.read(&length, sizeof length);
  if (length > file.size() - sizeof length) {
    file.fail("header claims ", length, " bytes but the file has ", file.size(),
              "; hint: a truncated download, or not a safetensors file?");
  }
  std::string header(static_cast<std::size_t>(length), '\0');
  file.read(header.data(), length);
  return header;
}

/// Where in the header the digits of its checksum stand, if it has one.
std::optional<std::size_t> checksum_position(const std::string& header) {
  const std::size_t key = header.find(checksum_key);
  if (key == std::string::npos) return std::nullopt;
  const std::size_t digits = key + checksum_key.size();
  if (header.size() - digits < Checksum::text_length) return std::nullopt;
  return digits;
}

/// The checksum of the length and the header, its digits left open.
Checksum checksum_of_header(std::string header) {
  const std::uint64_t length = header.size();
  if (const auto digits = checksum_position(header)) {
    header.replace(*digits, Checksum::text_length, Checksum::placeholder);
  }
  Checksum checksum;
  checksum.add(&length, sizeof length);
  checksum.add(header.data(), length);
  return checksum;
}

template <class T>
AnyTensor read_values(InputFile& file, const SafetensorsEntry& entry) {
  Shape shape;
  for (std::uint64_t size : entry.shape) shape.push_back(static_cast<Index>(size));
  auto tensor = BasicTensor<T>::empty(shape);
  file.read(tensor.data(), entry.end - entry.begin);
  if constexpr (std::is_same_v<T, bool>) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(tensor.data());
    if (std::any_of(bytes, bytes + tensor.numel(), [](std::uint8_t byte) { return byte > 1; })) {
      file.fail("tensor ", in_quotes(entry.name), " is BOOL but has bytes other than 0 and 1");
    }
  }
  return tensor;
}

AnyTensor read_tensor(InputFile& file, const SafetensorsEntry& entry) {
  switch (type_of(file, entry).dtype) {
    case DType::float32:
      return read_values<float>(file, entry);
    case DType::float64:
      return read_values<double>(file, entry);
    case DType::int64:
      return read_values<std::int64_t>(file, entry);
    case DType::int32:
      return read_values<std::int32_t>(file, entry);
    case DType::uint8:
      return read_values<std::uint8_t>(file, entry);
    case DType::boolean:
      break;
  }
  return read_values<bool>(file, entry);
}

/// Positions of items by the order of key(item), equal ones as they stand.
template <class Items, class Key>
std::vector<std::size_t> order_by(const Items& items, const Key& key) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return key(items.begin()[static_cast<std::ptrdiff_t>(a)]) <
           key(items.begin()[static_cast<std::ptrdiff_t>(b)]);
  });
  return order;
}

std::string checked_json_text(const std::string& path, const std::string& text) {
  if (auto json = detail::json_text(text)) return *std::move(json);
  detail::fail<IoError>("save_safetensors", path, ": the text ", in_quotes(text),
                        " is not UTF-8; hint: name tensors in plain letters");
}

std::uint64_t bytes_of(const AnyTensor& tensor) {
  return static_cast<std::uint64_t>(tensor.numel()) * type_of(tensor.dtype()).bytes;
}

std::string metadata_text(const std::string& path, const Metadata& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) {
    if (!text.empty()) text += ",";
    text += checked_json_text(path, key) + ":" + checked_json_text(path, value);
  }
  return text.empty() ? text : std::string("\"__metadata__\":{").append(text).append("}");
}

std::string header_text(const std::string& path, const TensorDict& tensors,
                        const std::vector<std::size_t>& order, const std::string& metadata) {
  std::vector<std::uint64_t> begins(tensors.size());
  std::uint64_t end = 0;
  for (std::size_t i : order) {
    begins[i] = end;
    end += bytes_of(tensors.begin()[static_cast<std::ptrdiff_t>(i)].tensor);
  }
  std::string text("{");
  text += metadata;
  std::size_t i = 0;
  for (const auto& [name, tensor] : tensors) {
    std::string sizes;
    for (Index size : tensor.shape()) {
      if (!sizes.empty()) sizes += ",";
      sizes += std::to_string(size);
    }
    const std::uint64_t begin = begins[i++];
    if (text.size() > 1) text += ",";
    text += checked_json_text(path, name) + ":{\"dtype\":\"" + type_of(tensor.dtype()).name +
            "\",\"shape\":[" + sizes + "],\"data_offsets\":[" + std::to_string(begin) + "," +
            std::to_string(begin + bytes_of(tensor)) + "]}";
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the values start on 8 bytes
  return text;
}

}  // namespace

void save_safetensors(const std::string& path, const TensorDict& tensors, const Metadata& metadata,
                      const SafetensorsOptions& options) {
  if (tensors.contains("__metadata__")) {
    detail::fail<ValueError>("save_safetensors", path,
                             ": a tensor is called '__metadata__', which ",
                             "the format keeps for itself; hint: rename it");
  }
  const auto order = order_by(tensors, [](const TensorEntry& entry) {
    return -static_cast<int>(type_of(entry.tensor.dtype()).bytes);
  });
  Metadata all = tensors.metadata;
  for (const auto& [key, value] : metadata) all[key] = value;
  all.erase("crc32");  // of the file that the tensors were read from
  if (options.checksum) all["crc32"] = Checksum::placeholder;
  std::string header = header_text(path, tensors, order, metadata_text(path, all));
  const std::uint64_t length = header.size();
  const auto for_values = [&](const auto& take) {
    for (std::size_t i : order) {
      const AnyTensor& tensor = tensors.begin()[static_cast<std::ptrdiff_t>(i)].tensor;
      tensor.visit([&](const auto& typed) {
        const auto values = typed.detach().contiguous();
        take(std::as_const(values).data(), bytes_of(tensor));
      });
    }
  };
  if (options.checksum) {
    Checksum checksum = checksum_of_header(header);
    for_values([&](const void* bytes, std::uint64_t count) { checksum.add(bytes, count); });
    header.replace(*checksum_position(header), Checksum::text_length, checksum.text());
  }

  AtomicFile file("save_safetensors", path);
  file.write(&length, sizeof length);
  file.write(header.data(), length);
  for_values([&](const void* bytes, std::uint64_t count) { file.write(bytes, count); });
  file.commit();
}

TensorDict load_safetensors(const std::string& path) {
  InputFile file("load_safetensors", path);
  const std::string text = read_header(file);
  const std::uint64_t data_bytes = file.size() - sizeof(std::uint64_t) - text.size();
  const detail::SafetensorsHeader header = detail::parse_safetensors_header(file, text);

  for (const SafetensorsEntry& entry : header.entries) check_entry(file, entry, data_bytes);
  const auto order = order_by(header.entries, [](const SafetensorsEntry& entry) {
    return std::pair(entry.begin, entry.end);
  });
  check_layout(file, header.entries, order, data_bytes);

  std::vector<AnyTensor> values(header.entries.size());
  Checksum checksum = checksum_of_header(text);
  const bool is_checked = header.metadata.contains("crc32");
  for (std::size_t i : order) {
    values[i] = read_tensor(file, header.entries[i]);
    if (!is_checked) continue;
    values[i].visit([&](const auto& typed) { checksum.add(typed.data(), bytes_of(values[i])); });
  }
  if (is_checked && header.metadata.at("crc32") != checksum.text()) {
    file.fail("the checksum in it is ", in_quotes(header.metadata.at("crc32")), ", that of its ",
              "bytes ", in_quotes(checksum.text()), "; hint: the file is damaged, use a copy");
  }
  TensorDict tensors;
  tensors.metadata = header.metadata;
  for (std::size_t i = 0; i < values.size(); ++i) tensors.add(header.entries[i].name, values[i]);
  return tensors;
}

}  // namespace tenon::io
