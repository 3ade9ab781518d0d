#include "data/batch_worker.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace tenon::detail {

BatchWorker::BatchWorker(Index slots, Run run, void* context)
    : slots_(slots), run_(run), context_(context) {
  launch();
}

BatchWorker::~BatchWorker() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

void BatchWorker::launch() {
  // The host's signals go on arriving in the host's own threads.
  sigset_t every, before;
  ::sigfillset(&every);
  ::pthread_sigmask(SIG_SETMASK, &every, &before);
  try {
    thread_ = std::thread(&BatchWorker::work, this);
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void BatchWorker::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [this] {
      return is_ending_ || (next_ < last_ && next_ < returned_ + slots_ && error_ == nullptr);
    });
    if (is_ending_) return;
    const Index item = next_;
    is_busy_ = true;
    lock.unlock();
    std::exception_ptr error;
    try {
      run_(context_, item, item % slots_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    is_busy_ = false;
    if (error == nullptr) ++next_;
    error_ = std::move(error);
    prepared_.notify_one();
  }
}

void BatchWorker::cancel() {
  std::unique_lock lock(mutex_);
  last_ = 0;
  prepared_.wait(lock, [this] { return !is_busy_; });
}

void BatchWorker::start(Index first, Index last) {
  cancel();
  {
    const std::lock_guard lock(mutex_);
    next_ = taken_ = returned_ = first;
    last_ = last;
    error_ = nullptr;
  }
  wanted_.notify_one();
}

Index BatchWorker::take() {
  std::unique_lock lock(mutex_);
  prepared_.wait(lock, [this] { return taken_ < next_ || error_ != nullptr; });
  if (taken_ < next_) return taken_++ % slots_;
  last_ = 0;
  std::rethrow_exception(std::exchange(error_, nullptr));
}

void BatchWorker::give_back() {
  {
    const std::lock_guard lock(mutex_);
    ++returned_;
  }
  wanted_.notify_one();
}

}  // namespace tenon::detail
