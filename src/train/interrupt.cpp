#include "interrupt.hpp"

#include <csignal>
#include <mutex>

namespace tenon::detail {

namespace {

volatile std::sig_atomic_t was_interrupted = 0;
std::mutex mutex;
int scopes = 0;
bool is_installed = false;

void on_interrupt(int) { was_interrupted = 1; }

bool has_default_handler() {
  struct sigaction current {};
  return ::sigaction(SIGINT, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) == 0 &&
         current.sa_handler == SIG_DFL;
}

bool has_our_handler() {
  struct sigaction current {};
  return ::sigaction(SIGINT, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) == 0 &&
         current.sa_handler == on_interrupt;
}

}  // namespace

InterruptScope::InterruptScope() {
  const std::lock_guard lock(mutex);
  if (scopes++ > 0 || !has_default_handler()) return;
  was_interrupted = 0;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  // Reset: the second Ctrl-C does what it always does. Restart: no call of the program's is cut
  // off.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  is_installed = ::sigaction(SIGINT, &action, nullptr) == 0;
}

InterruptScope::~InterruptScope() {
  const std::lock_guard lock(mutex);
  if (--scopes > 0 || !is_installed) return;
  is_installed = false;
  was_interrupted = 0;
  // The program may have put in a handler of its own since.
  if (!has_our_handler()) return;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGINT, &action, nullptr);
}

bool InterruptScope::interrupted() const { return was_interrupted != 0; }

}  // namespace tenon::detail
