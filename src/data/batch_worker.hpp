#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// A thread that prepares numbered items ahead of whoever takes them, in order, into a ring of
/// slots: item i goes to slot i % slots once whatever lay there before has been given back. The
/// thread lives as long as the object. One other thread calls the members.
class BatchWorker {
 public:
  /// run(context, item, slot) prepares one item; it may throw.
  using Run = void (*)(void* context, Index item, Index slot);

  BatchWorker(Index slots, Run run, void* context);
  ~BatchWorker();
  BatchWorker(const BatchWorker&) = delete;
  BatchWorker& operator=(const BatchWorker&) = delete;

  /// Forgets what was prepared and begins to prepare the items first .. last - 1. All slots count
  /// as given back.
  void start(Index first, Index last);
  /// After it nothing is written to any slot until the next start().
  void cancel();
  /// Waits for the next item and returns its slot; throws what run() threw for it, after which
  /// nothing more is prepared.
  Index take();
  /// The slot of the oldest item that was taken may be filled again.
  void give_back();

 private:
  void work();
  void launch();

  const Index slots_;
  const Run run_;
  void* const context_;

  std::mutex mutex_;
  std::condition_variable wanted_;    // the worker waits for work
  std::condition_variable prepared_;  // the taker waits for an item or for the worker to rest
  Index next_ = 0;                    // to be prepared
  Index last_ = 0;
  Index taken_ = 0;     // items before this one were handed out
  Index returned_ = 0;  // and before this one given back
  bool is_busy_ = false;
  bool is_ending_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace tenon::detail
