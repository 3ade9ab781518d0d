#include "data/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "base/system_message.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {
namespace {

/// Closes it at the end of the scope.
struct Handle {
  int value;
  ~Handle() { ::close(value); }
};

}  // namespace

std::string read_text(std::string_view op, const std::string& path) {
  // Without O_NONBLOCK a named pipe would wait for a writer.
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) fail<IoError>(op, path, ": cannot be opened: ", system_message(errno));
  const Handle handle{opened};
  struct stat status {};
  if (::fstat(handle.value, &status) != 0 || !S_ISREG(status.st_mode)) {
    fail<IoError>(op, path, S_ISDIR(status.st_mode) ? ": is a folder" : ": is not a regular file",
                  "; hint: give the path of the file itself");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got = ::read(handle.value, text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail<IoError>(op, path, ": cannot be read: ", system_message(errno));
    if (got == 0) fail<IoError>(op, path, ": became shorter while it was read");
    have += static_cast<std::size_t>(got);
  }
  return text;
}

void write_text(std::string_view op, const std::string& path, std::string_view text) {
  const std::string temporary = path + ".part";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(temporary.c_str());
    fail<IoError>(op, path, ": cannot be written: ", system_message(error),
                  "; hint: does its folder exist, and is there room?");
  }
}

}  // namespace tenon::detail
