#include "tenon/data/idx.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "data/gzip_file.hpp"
#include "tensor/lossless.hpp"

namespace tenon::data {

static_assert(std::endian::native == std::endian::little,
              "values are turned round as they are read");

namespace {

using detail::GzipFile;

struct Header {
  int type = 0;
  Shape shape;
};

template <class From>
From from_big_endian(const std::uint8_t* bytes) {
  std::uint8_t turned[sizeof(From)];
  std::reverse_copy(bytes, bytes + sizeof(From), turned);
  From value;
  std::memcpy(&value, turned, sizeof(From));
  return value;
}

Header read_header(GzipFile& file) {
  std::uint8_t start[4];
  if (file.read_some(start, sizeof start) != sizeof start) {
    file.fail("has fewer than 4 bytes; hint: a truncated download?");
  }
  if (start[0] != 0 || start[1] != 0) {
    file.fail(
        "does not start like an IDX file (two zero bytes); hint: is it another kind of file?");
  }
  Header header{start[2], {}};
  if (start[3] > max_rank) {
    file.fail("claims ", int{start[3]}, " dimensions, Tenon's tensors have at most ", max_rank,
              "; hint: is it another kind of file?");
  }
  for (int i = 0; i < start[3]; ++i) {
    std::uint8_t size[4];
    if (file.read_some(size, sizeof size) != sizeof size) {
      file.fail("ends inside its header; hint: a truncated download?");
    }
    header.shape.push_back(from_big_endian<std::uint32_t>(size));
  }
  return header;
}

/// The bytes of the values, once it is certain that the file can hold them.
std::uint64_t checked_bytes(const GzipFile& file, const Shape& shape, std::uint64_t item) {
  std::uint64_t room = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) / item;
  std::uint64_t bytes = item;
  for (Index size : shape) {
    const auto positive = static_cast<std::uint64_t>(size);
    if (positive > room) {
      file.fail("claims the shape ", shape, ", more elements than memory can hold; hint: the file ",
                "is damaged");
    }
    room /= std::max<std::uint64_t>(positive, 1);
    bytes *= positive;
  }
  if (bytes > file.largest_content()) {
    file.fail("claims ", bytes, " bytes of values of shape ", shape, " but can hold at most ",
              file.largest_content(), "; hint: a truncated download?");
  }
  return bytes;
}

template <class From, class T>
BasicTensor<T> read_values(GzipFile& file, const Shape& shape, const char* type_name) {
  if constexpr (!detail::is_lossless<From, T>) {
    file.fail<TypeError>(
        "holds ", type_name, ", which ", to_string(detail::dtype_of<T>),
        " cannot hold exactly; hint: load it as a wider type and convert with to<>()");
  } else {
    const std::vector<std::uint8_t> bytes = file.read(checked_bytes(file, shape, sizeof(From)));
    char more;
    if (file.read_some(&more, 1) != 0) {
      file.fail("goes on after the ", bytes.size(),
                " bytes of values that its header claims; hint: ", "the file is damaged");
    }
    auto result = BasicTensor<T>::empty(shape);
    T* out = result.data();
    if constexpr (std::is_same_v<From, T> && sizeof(T) == 1) {
      if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    } else {
      const std::uint8_t* in = bytes.data();
      for (Index i = 0; i < result.numel(); ++i, in += sizeof(From)) {
        out[i] = static_cast<T>(from_big_endian<From>(in));
      }
    }
    return result;
  }
}

}  // namespace

template <class T>
BasicTensor<T> load_idx(const std::string& path) {
  GzipFile file("load_idx", path);
  const Header header = read_header(file);
  switch (header.type) {
    case 0x08:
      return read_values<std::uint8_t, T>(file, header.shape, "uint8");
    case 0x09:
      return read_values<std::int8_t, T>(file, header.shape, "int8");
    case 0x0B:
      return read_values<std::int16_t, T>(file, header.shape, "int16");
    case 0x0C:
      return read_values<std::int32_t, T>(file, header.shape, "int32");
    case 0x0D:
      return read_values<float, T>(file, header.shape, "float32");
    case 0x0E:
      return read_values<double, T>(file, header.shape, "float64");
    default:
      break;
  }
  file.fail("has the type code ", header.type,
            ", which the format does not know (8, 9, 11 to 14); ",
            "hint: is it another kind of file?");
}

template BasicTensor<float> load_idx<float>(const std::string&);
template BasicTensor<double> load_idx<double>(const std::string&);
template BasicTensor<std::int64_t> load_idx<std::int64_t>(const std::string&);
template BasicTensor<std::int32_t> load_idx<std::int32_t>(const std::string&);
template BasicTensor<std::uint8_t> load_idx<std::uint8_t>(const std::string&);

}  // namespace tenon::data
