#include "data/image_file.hpp"

#include "tenon/base/error.hpp"

#if defined(TENON_STB)

#include <zlib.h>

#include <cstdlib>

#include "data/text_file.hpp"

// The only place where stb_image is compiled; all of it is local to this file.
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 65535
// A damaged JPEG may use tables that it does not define: they must be empty, not arbitrary.
#define STBI_MALLOC(size) std::calloc(1, size)
#define STBI_REALLOC(block, size) std::realloc(block, size)
#define STBI_FREE(block) std::free(block)
#define STBI_ASSERT(condition) static_cast<void>(0)
#include <stb_image.h>

#endif

namespace tenon::detail {

#if defined(TENON_STB)

namespace {

constexpr std::string_view png_signature("\x89PNG\r\n\x1a\n", 8);

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[std::size_t(i)]);
  return value;
}

/// What is wrong with a PNG's chunks, each of which has a check sum that stb_image does not look
/// at; "" where nothing is.
const char* chunk_fault(std::string_view file) {
  for (std::string_view rest = file.substr(png_signature.size()); rest.size() >= 12;) {
    const std::size_t length = big_endian(rest);
    if (length > rest.size() - 12) break;
    const std::string_view chunk = rest.substr(4, length + 4);  // its type and its content
    const auto sum =
        ::crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()));
    if (sum != big_endian(rest.substr(length + 8))) return "a check sum is wrong";
    if (chunk.starts_with("IEND")) return "";
    rest.remove_prefix(length + 12);
  }
  return "it ends too early";
}

/// The bytes of a big-endian number of two bytes at i; 0 behind the end.
std::size_t pair_at(std::string_view file, std::size_t i) {
  if (i + 2 > file.size()) return 0;
  return static_cast<std::size_t>(static_cast<unsigned char>(file[i])) << 8 |
         static_cast<unsigned char>(file[i + 1]);
}

/// Whether the tables of codes in a JPEG's segment, from its length on, have at most the 256
/// symbols each that there are; stb_image has room for no more, and reads tables as long as one
/// begins in the segment.
bool has_sound_codes(std::string_view segment) {
  const std::size_t length = pair_at(segment, 0);
  for (std::size_t i = 2; i < length;) {
    std::size_t symbols = 0;
    for (std::size_t k = i + 1; k <= i + 16 && k < segment.size(); ++k) {
      symbols += static_cast<unsigned char>(segment[k]);
    }
    if (symbols > 256) return false;
    i += 17 + symbols;
  }
  return true;
}

/// What is wrong with a JPEG's tables; "" where nothing is.
const char* table_fault(std::string_view file) {
  constexpr const char* fault = "a table of codes is too long";
  // Segments up to the first scan have lengths, and what is in them need not be a table.
  std::size_t i = 2;
  while (i + 4 <= file.size() && file[i] == '\xFF' && file[i + 1] != '\xDA') {
    if (file[i + 1] == '\xFF') {
      ++i;
      continue;
    }
    if (file[i + 1] == '\xC4' && !has_sound_codes(file.substr(i + 2))) return fault;
    i += 2 + pair_at(file, i + 2);
  }
  // From there on, or where that order is broken, whatever may be taken for one.
  for (; (i = file.find("\xFF\xC4", i)) < file.size(); i += 2) {
    if (!has_sound_codes(file.substr(i + 2))) return fault;
  }
  return "";
}

}  // namespace

bool has_image_decoder() { return true; }

void DecodedImage::Free::operator()(std::uint8_t* block) const { stbi_image_free(block); }

DecodedImage decode_image(std::string_view op, const std::string& path, Index channels) {
  const std::string file = read_text(op, path);
  const auto fail_damaged = [&](const char* reason) {
    fail<IoError>(op, path, ": is no PNG or JPEG that can be decoded: ", reason,
                  "; hint: the file is damaged, or another kind of file");
  };
  if (file.size() > 0x7fffffff) fail_damaged("it has more than 2 GB");
  const auto size = static_cast<int>(file.size());
  const bool is_png = std::string_view(file).starts_with(png_signature);
  const char* fault = is_png ? chunk_fault(file) : table_fault(file);
  if (*fault != '\0') fail_damaged(fault);
  int width = 0, height = 0, in_file = 0;
  if (stbi_info_from_memory(bytes_of(file), size, &width, &height, &in_file) == 0) {
    fail_damaged(stbi_failure_reason());
  }
  // Deflate packs at most 1,032 bytes into one, a byte holds at most 8 pixels, and a JPEG's blocks
  // are not as small: whoever claims more would only have memory taken.
  if (Index{width} * height > Index{1032} * 8 * size) {
    fail<IoError>(op, path, ": claims ", width, " x ", height, " pixels, more than its ", size,
                  " bytes can hold; hint: the file is damaged");
  }
  DecodedImage image;
  image.pixels.reset(stbi_load_from_memory(bytes_of(file), size, &width, &height, &in_file,
                                           static_cast<int>(channels)));
  if (image.pixels == nullptr) fail_damaged(stbi_failure_reason());
  image.height = height;
  image.width = width;
  image.channels = channels;
  return image;
}

#else

bool has_image_decoder() { return false; }

void DecodedImage::Free::operator()(std::uint8_t*) const {}

DecodedImage decode_image(std::string_view op, const std::string& path, Index) {
  fail<ValueError>(op, path,
                   ": cannot be decoded, since Tenon was built without stb_image; hint: "
                   "install it (Debian and Ubuntu: libstb-dev), configure and build Tenon "
                   "again");
}

#endif

}  // namespace tenon::detail
