#include "data/image_file.hpp"

#include "tenon/base/error.hpp"

#if defined(TENON_STB)

#include <zlib.h>

#include "data/text_file.hpp"

// The only place where stb_image is compiled; all of it is local to this file.
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 65535
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
  if (std::string_view(file).starts_with(png_signature)) {
    if (const char* fault = chunk_fault(file); *fault != '\0') fail_damaged(fault);
  }
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
