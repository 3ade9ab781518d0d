#include "tenon/io/npy.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.hpp"
#include "tensor/lossless.hpp"

namespace tenon::io {

static_assert(std::endian::native == std::endian::little, "values are read as they stand");

namespace {

using detail::AtomicFile;
using detail::in_quotes;
using detail::InputFile;

constexpr std::string_view magic = "\x93NUMPY";

struct Header {
  std::string descr;
  bool is_fortran = false;
  std::vector<std::uint64_t> shape;
};

/// Reads the header, a Python dictionary of exactly three entries, from left to right.
class HeaderParser {
 public:
  HeaderParser(const InputFile& file, std::string_view text) : file_(file), text_(text) {}

  Header parse() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = text();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        header.descr = descr();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.is_fortran = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.shape = shape();
      } else {
        fail("has an unknown or repeated entry " + in_quotes(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail("goes on behind its closing brace");
    if (!has_descr || !has_order || !has_shape) {
      fail("lacks one of 'descr', 'fortran_order', 'shape'");
    }
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    file_.fail("the header ", what, " (byte ", at_,
               "); hint: damaged, or not written by numpy.save?");
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("has no '").append(1, c).append("' where one belongs"));
  }
  std::string text() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    if (quote != '\'' && quote != '"') fail("has no text where some belongs");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("has a text that does not end");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  std::string descr() {
    if (accept('[')) {
      file_.fail<TypeError>(
          "is a structured array (a table of records); hint: save its columns as ",
          "plain arrays of numbers");
    }
    return text();
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true},
                                      std::pair<std::string_view, bool>{"False", false}}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    fail("has neither True nor False as 'fortran_order'");
  }
  std::uint64_t number() {
    skip_space();
    const std::size_t start = at_;
    std::uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) {
        fail("has a size that is too large");
      }
      value = value * 10 + digit;
    }
    if (at_ == start) fail("has no whole number where one belongs");
    return value;
  }
  std::vector<std::uint64_t> shape() {
    std::vector<std::uint64_t> sizes;
    expect('(');
    while (!accept(')')) {
      if (sizes.size() == static_cast<std::size_t>(max_rank)) {
        file_.fail("the array has more than ", max_rank,
                   " dimensions; hint: Tenon's tensors have at ", "most ", max_rank,
                   ", reshape it in Python");
      }
      sizes.push_back(number());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  const InputFile& file_;
  std::string_view text_;
  std::size_t at_ = 0;
};

Header read_header(InputFile& file, std::uint64_t& data_bytes) {
  constexpr std::size_t start_bytes = magic.size() + 2;
  char start[start_bytes];
  if (file.size() < start_bytes) {
    file.fail("has only ", file.size(),
              " bytes, too few for a .npy file; hint: a truncated download?");
  }
  file.read(start, start_bytes);
  if (std::string_view(start, magic.size()) != magic) {
    file.fail(
        "does not start like a .npy file; hint: .npz archives and text must be converted with ",
        "numpy.save first");
  }
  const int version = static_cast<unsigned char>(start[magic.size()]);
  if (version < 1 || version > 3) {
    file.fail("has format version ", version, "; hint: versions 1 to 3 can be read");
  }
  const std::uint64_t length_bytes = version == 1 ? 2 : 4;
  if (file.size() - start_bytes < length_bytes) {
    file.fail("ends inside its header; hint: a truncated download?");
  }
  std::uint32_t length = 0;
  file.read(&length, length_bytes);
  const std::uint64_t rest = file.size() - start_bytes - length_bytes;
  if (length > rest) {
    file.fail("header claims ", length, " bytes but the file has ", file.size(),
              "; hint: a truncated download?");
  }
  std::string text(length, '\0');
  file.read(text.data(), length);
  data_bytes = rest - length;
  return HeaderParser(file, text).parse();
}

/// The shape, once it is certain that it needs exactly the bytes that are there.
Shape checked_shape(const InputFile& file, const Header& header, std::uint64_t item,
                    std::uint64_t data_bytes) {
  Shape shape;
  std::uint64_t room = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) / item;
  std::uint64_t bytes = item;
  for (std::uint64_t size : header.shape) {
    if (size > room)
      file.fail("claims more elements than memory can hold; hint: the header is damaged");
    room /= std::max<std::uint64_t>(size, 1);
    bytes *= size;
    shape.push_back(static_cast<Index>(size));
  }
  if (bytes != data_bytes) {
    file.fail("the shape ", shape, " of ", in_quotes(header.descr), " needs ", bytes,
              " bytes but the file has ", data_bytes,
              bytes > data_bytes ? "; hint: a truncated download?"
                                 : " behind its header; hint: only one array a file can be read");
  }
  return shape;
}

/// The values in the order of the file.
template <class From, class T>
BasicTensor<T> read_values(InputFile& file, const Shape& shape) {
  using Raw = std::conditional_t<std::is_same_v<From, bool>, std::uint8_t, From>;
  auto raw = BasicTensor<Raw>::empty(shape);
  file.read(raw.data(), static_cast<std::uint64_t>(shape.numel()) * sizeof(Raw));
  if constexpr (std::is_same_v<From, bool>) {
    if (std::any_of(raw.data(), raw.data() + raw.numel(), [](Raw byte) { return byte > 1; })) {
      file.fail("is an array of bool but has bytes other than 0 and 1; hint: the file is damaged");
    }
  }
  if constexpr (std::is_same_v<Raw, T>) {
    return raw;
  } else {
    return raw.template to<T>();
  }
}

template <class From, class T>
BasicTensor<T> read_array(InputFile& file, const Header& header, std::uint64_t data_bytes) {
  if constexpr (!detail::is_lossless<From, T>) {
    file.fail<TypeError>("holds ", to_string(detail::dtype_of<From>), ", which ",
                         to_string(detail::dtype_of<T>), " cannot hold exactly; hint: load it as ",
                         to_string(detail::dtype_of<From>), " and convert with to<>()");
  } else {
    Shape shape = checked_shape(file, header, sizeof(From), data_bytes);
    if (!header.is_fortran) return read_values<From, T>(file, shape);
    // Fortran's order of an array is the row-major order of its transpose.
    std::reverse(shape.begin(), shape.end());
    Shape backwards = shape;
    for (int i = 0; i < shape.rank(); ++i) backwards[i] = shape.rank() - 1 - i;
    return read_values<From, T>(file, shape).permute(backwards).contiguous();
  }
}

template <class T>
const char* descr_of() {
  switch (detail::dtype_of<T>) {
    case DType::float32:
      return "<f4";
    case DType::float64:
      return "<f8";
    case DType::int64:
      return "<i8";
    case DType::int32:
      return "<i4";
    case DType::uint8:
      return "|u1";
    case DType::boolean:
      break;
  }
  return "|b1";
}

}  // namespace

template <class T>
BasicTensor<T> load_npy(const std::string& path) {
  InputFile file("load_npy", path);
  std::uint64_t data_bytes = 0;
  const Header header = read_header(file, data_bytes);
  const std::string_view descr = header.descr;
  if (descr.size() == 3 && (descr[0] == '<' || descr[0] == '|')) {
    const std::string_view type = descr.substr(1);
    if (type == "f4") return read_array<float, T>(file, header, data_bytes);
    if (type == "f8") return read_array<double, T>(file, header, data_bytes);
    if (type == "i8") return read_array<std::int64_t, T>(file, header, data_bytes);
    if (type == "i4") return read_array<std::int32_t, T>(file, header, data_bytes);
    if (type == "u1") return read_array<std::uint8_t, T>(file, header, data_bytes);
    if (type == "b1") return read_array<bool, T>(file, header, data_bytes);
  }
  file.fail<TypeError>(
      "holds values of NumPy's type ", in_quotes(descr),
      "; hint: f4, f8, i8, i4 (little-endian), u1 and b1 can be read, convert with ",
      "array.astype('<f4')");
}

template <class T>
void save_npy(const std::string& path, const BasicTensor<T>& tensor) {
  if (!tensor.defined()) {
    detail::fail<ValueError>("save_npy", path, ": the tensor is undefined; hint: it was ",
                             "default-constructed or moved from");
  }
  std::string sizes;
  for (Index size : tensor.shape()) sizes += std::to_string(size) + ", ";
  std::string header("{'descr': '");
  header.append(descr_of<T>()).append("', 'fortran_order': False, 'shape': (");
  header.append(sizes).append("), }");
  const std::size_t start_bytes = magic.size() + 4;
  header.append(63 - (start_bytes + header.size()) % 64, ' ');  // the values start on 64 bytes
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());

  AtomicFile file("save_npy", path);
  file.write(magic.data(), magic.size());
  file.write("\1\0", 2);
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  const BasicTensor<T> values = tensor.detach().contiguous();
  file.write(values.data(), static_cast<std::uint64_t>(values.numel()) * sizeof(T));
  file.commit();
}

#define TENON_INSTANTIATE(T)                               \
  template BasicTensor<T> load_npy<T>(const std::string&); \
  template void save_npy<T>(const std::string&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
TENON_INSTANTIATE(std::int32_t)
TENON_INSTANTIATE(std::uint8_t)
TENON_INSTANTIATE(bool)
#undef TENON_INSTANTIATE

}  // namespace tenon::io
