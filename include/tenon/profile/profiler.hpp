#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::nn {
template <class T>
class BasicModule;
}  // namespace tenon::nn

namespace tenon {

namespace detail {
class ProfileRecorder;
struct NamedLayer;
}  // namespace detail

/// What something cost, over all of its calls.
struct ProfileCost {
  Index calls = 0;
  double seconds = 0;
  Index flops = 0;             ///< floating-point operations, a multiply-add counted as 2
  Index bytes = 0;             ///< that had to be read and written at least
  Index allocated_bytes = 0;   ///< taken from the memory pool, whether given back or not
  double seconds_at_peak = 0;  ///< that flops or bytes, whichever takes longer, need at this
                               ///< machine's limits; 0 where these were not measured

  double flops_per_second() const { return seconds > 0 ? static_cast<double>(flops) / seconds : 0; }
  double bytes_per_second() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }
  /// In [0, 1], about: how much of the time the machine's limits explain.
  double share_of_peak() const { return seconds > 0 ? seconds_at_peak / seconds : 0; }
};

/// One line of a profile.
struct ProfileEntry {
  enum class Kind {
    layer,      ///< with all that ran inside it
    operation,  ///< of one layer, or outside of any, with the operations that it consists of
    optimizer,  ///< the steps of an optimiser
    range,      ///< a ProfileScope, with all that ran inside it
    elsewhere,  ///< what no other line covers: code that is not Tenon's
  };
  Kind kind{};
  int depth = 0;            ///< how many layers the line stands in
  std::string layer;        ///< its path in the net, "encoder.0.fc"; "" for the net itself, outside
                            ///< of any layer, and where no net was given
  std::string description;  ///< of the layer, "Linear(3 -> 4)"; "" outside of any
  std::string name;         ///< of the operation, optimiser or range; "" for a layer
  ProfileCost forward;      ///< all that is no backward pass
  ProfileCost backward;     ///< the rules for the gradients of what ran forward here
  double self_seconds = 0;  ///< of both, without the layers inside; of a range, without all that
                            ///< has a line of its own. That of all layers and of all other lines of
                            ///< depth 0 adds up to the profile's time.

  /// Forward and backward together; calls are those of forward.
  TENON_API ProfileCost total() const;
};

struct ProfilerOptions {
  Index max_events = 1000000;  ///< kept for the trace, 24 bytes each, allocated as they come;
                               ///< figures go on beyond
  bool measure_peak = true;    ///< whether entries() and table() may ask machine_limits(), which
                               ///< takes a tenth of a second at first
};

/// Measures what the operations of this thread cost, layer by layer, until the scope ends or
/// stop():
///
///   Profiler profiler;
///   for (...) train(batch);
///   profiler.stop();
///   std::cout << profiler.table(net);
///   profiler.export_chrome_trace("trace.json", net);   // for ui.perfetto.dev, chrome://tracing
///
/// Works under a tape and without one. Layers are known by their descriptions; net, the module that
/// they are in, adds their paths. The backward pass of an operation counts where its forward pass
/// ran, wherever the tape is asked for gradients. Operations in other threads are not seen; the
/// threads that a kernel uses are part of it. An active profiler costs about 0.1 us an operation.
///
/// Profilers nest: the inner one listens alone, and the outer one goes on when it stops. A profiler
/// belongs to its thread.
class TENON_API Profiler {
 public:
  /// Throws ValueError for a negative max_events.
  [[nodiscard]] explicit Profiler(const ProfilerOptions& options = {});
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  static void* operator new(std::size_t) = delete;  // a scope, not an object on the heap

  /// Ends the recording; what is open counts up to now. Throws ValueError in another thread than
  /// that of the constructor.
  void stop();

  /// From the start to stop(), or up to now.
  double seconds() const;
  /// How many events were left out of the trace.
  Index dropped_events() const;

  /// The lines of the table: layers in the order of their first calls, each followed by what ran
  /// inside it. Layers that were not called are not listed; a ReLU that is part of the pass of the
  /// layer before it was not.
  std::vector<ProfileEntry> entries() const;
  template <class T>
  std::vector<ProfileEntry> entries(const nn::BasicModule<T>& net) const;

  /// The same as text: times in milliseconds, over all calls. A layer in which one operation ran
  /// alone shares the line with it.
  std::string table() const;
  template <class T>
  std::string table(const nn::BasicModule<T>& net) const;

  /// Writes single events in the trace format of Chrome. Throws IoError; then there is no file.
  void export_chrome_trace(const std::string& path) const;
  template <class T>
  void export_chrome_trace(const std::string& path, const nn::BasicModule<T>& net) const;

 private:
  using Layers = std::vector<detail::NamedLayer>;
  std::vector<ProfileEntry> entries_of(const Layers& layers) const;
  std::string table_of(const Layers& layers) const;

  ProfilerOptions options_;
  int threads_;  // that operations may use
  detail::ProfileRecorder* recorder_;
};

/// Gives a part of a program a name in profiles, as PyTorch's record_function does:
///
///   { ProfileScope scope("augment"); ... }
///
/// Costs next to nothing where nobody profiles.
class TENON_API ProfileScope {
 public:
  [[nodiscard]] explicit ProfileScope(std::string_view name) noexcept;
  ~ProfileScope();
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  detail::ProfileRecorder* recorder_;
  int depth_ = 0;
};

}  // namespace tenon
