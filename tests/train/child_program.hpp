#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tenon::test {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// A hidden test case of this very program, run as a program of its own, whose output goes to a
/// terminal of so many columns, or to a pipe.
class ChildProgram {
 public:
  enum class Output { pipe, terminal };

  /// test_case: must begin with TENON_TEST_CHILD_ONLY. environment: on top of this program's; an
  /// empty text unsets the variable.
  ChildProgram(const std::string& test_case, Output output, Settings environment,
               unsigned short columns = 80) {
    // Everything that allocates comes before fork(): other threads may hold the allocator's lock.
    environment.emplace_back("TENON_TEST_CHILD", "1");
    const std::vector<std::string> variables = joined(std::move(environment));
    std::vector<char*> envp;
    for (const std::string& variable : variables) {
      envp.push_back(const_cast<char*>(variable.c_str()));
    }
    envp.push_back(nullptr);
    std::string program = "/proc/self/exe", name = test_case;
    char* argv[] = {program.data(), name.data(), nullptr};
    const int theirs = output == Output::terminal ? open_terminal(columns) : open_pipe();
    process_ = ::fork();
    if (process_ == 0) {
      ::setsid();
      if (output == Output::terminal) ::ioctl(theirs, TIOCSCTTY, 0);
      if (output == Output::terminal) ::dup2(theirs, STDIN_FILENO);
      ::dup2(theirs, STDOUT_FILENO);
      ::dup2(theirs, STDERR_FILENO);
      ::execve(argv[0], argv, envp.data());
      ::_exit(126);
    }
    ::close(theirs);
  }
  ~ChildProgram() {
    if (!is_waited_) ::kill(process_, SIGKILL);
    wait();
    ::close(handle_);
  }
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  /// Reads until the output holds the text. Throws where it ends, or takes a minute, before that.
  void wait_for(const std::string& text) {
    while (output_.find(text) == std::string::npos) {
      if (!read_some()) throw std::runtime_error("no '" + text + "' in: " + output_);
    }
  }
  /// All that is written until the program ends.
  const std::string& read_all() {
    while (read_some()) {
    }
    return output_;
  }
  void signal(int number) const { ::kill(process_, number); }
  /// What a user types.
  void type(char c) const {
    if (::write(handle_, &c, 1) != 1) throw std::runtime_error("the terminal takes no input");
  }
  void resize(unsigned short columns) const {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    ::ioctl(handle_, TIOCSWINSZ, &size);
  }
  /// As waitpid() says it.
  int wait() {
    if (!std::exchange(is_waited_, true)) ::waitpid(process_, &status_, 0);
    return status_;
  }

 private:
  static std::vector<std::string> joined(Settings settings) {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string text = *variable;
      const std::string name = text.substr(0, text.find('='));
      bool is_set = false;
      for (const auto& setting : settings) is_set = is_set || setting.first == name;
      if (!is_set) variables.push_back(text);
    }
    for (const auto& [name, value] : settings) {
      if (!value.empty()) variables.push_back(name + "=" + value);
    }
    return variables;
  }
  int open_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    handle_ = ends[0];
    return ends[1];
  }
  int open_terminal(unsigned short columns) {
    handle_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (handle_ < 0 || ::grantpt(handle_) != 0 || ::unlockpt(handle_) != 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
    resize(columns);
    return ::open(::ptsname(handle_), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  bool read_some() {
    pollfd waiting{handle_, POLLIN, 0};
    if (::poll(&waiting, 1, 60000) <= 0) return false;
    char buffer[4096];
    const ssize_t got = ::read(handle_, buffer, sizeof buffer);
    if (got <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int handle_ = -1;
  pid_t process_ = -1;
  bool is_waited_ = false;
  int status_ = 0;
  std::string output_;
};

/// What the caller of ChildProgram has set.
inline std::string setting(const char* name, const char* fallback = "") {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}
inline long number_setting(const char* name, long fallback) {
  const std::string text = setting(name);
  return text.empty() ? fallback : std::stol(text);
}

}  // namespace tenon::test

/// Ends a test case that is run by itself: Catch2 2 runs hidden ones, too, where a filter only
/// excludes others, and a program that exits would end all that come after it.
#define TENON_TEST_CHILD_ONLY() \
  if (std::getenv("TENON_TEST_CHILD") == nullptr) return
