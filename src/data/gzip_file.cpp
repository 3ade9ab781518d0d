#include "data/gzip_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>

#include "base/system_message.hpp"

namespace tenon::detail {

namespace {

// Deflate stores a run of 258 bytes in two bits at best.
constexpr std::uint64_t largest_ratio = 1032;
constexpr std::size_t first_piece = std::size_t{1} << 16;

/// What zlib says, without the "<fd:3>: " that it puts in front.
std::string_view without_prefix(std::string_view text) {
  const std::size_t at = text.find(">: ");
  return at == std::string_view::npos ? text : text.substr(at + 3);
}

}  // namespace

GzipFile::GzipFile(std::string_view op, const std::string& path) : op_(op), path_(path) {
  // Without O_NONBLOCK a named pipe would wait for a writer.
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (handle < 0) {
    fail("cannot be opened: ", system_message(errno), "; hint: the path is relative to the folder ",
         "in which the program was started");
  }
  struct stat status {};
  if (::fstat(handle, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(handle);
    fail(S_ISDIR(status.st_mode) ? "is a folder" : "is not a regular file",
         "; hint: give the path of the file itself");
  }
  const gzFile file = ::gzdopen(handle, "rb");
  if (file == nullptr) {
    ::close(handle);
    fail("cannot be read: no memory for zlib");
  }
  ::gzbuffer(file, static_cast<unsigned>(first_piece));
  file_ = file;
  const bool is_plain = ::gzdirect(file) != 0;
  largest_content_ = static_cast<std::uint64_t>(status.st_size) * (is_plain ? 1 : largest_ratio);
}

GzipFile::~GzipFile() { ::gzclose(static_cast<gzFile>(file_)); }

std::size_t GzipFile::read_some(void* to, std::size_t bytes) {
  constexpr std::size_t largest_piece = std::size_t{1} << 30;  // zlib counts in unsigned int
  auto* out = static_cast<char*>(to);
  std::size_t total = 0;
  while (total < bytes) {
    const auto piece = static_cast<unsigned>(std::min(bytes - total, largest_piece));
    const int got = ::gzread(static_cast<gzFile>(file_), out + total, piece);
    int error = Z_OK;
    const char* said = ::gzerror(static_cast<gzFile>(file_), &error);
    if (error == Z_BUF_ERROR)
      fail("the compressed data end too early; hint: a truncated download?");
    if (got < 0) {
      fail("cannot be read: ",
           error == Z_ERRNO ? system_message(errno) : std::string(without_prefix(said)),
           "; hint: the file is damaged, download it again");
    }
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

std::vector<std::uint8_t> GzipFile::read(std::uint64_t bytes) {
  std::vector<std::uint8_t> content;
  std::size_t have = 0;
  while (have < bytes) {
    const std::uint64_t wanted = std::max<std::uint64_t>(first_piece, 2 * have);
    content.resize(static_cast<std::size_t>(std::min(bytes, wanted)));
    const std::size_t got = read_some(content.data() + have, content.size() - have);
    have += got;
    if (have < content.size()) {
      fail("ends after ", have, " of ", bytes, " bytes of values; hint: a truncated download?");
    }
  }
  return content;
}

}  // namespace tenon::detail
