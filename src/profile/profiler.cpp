#include "tenon/profile/profiler.hpp"

#include <optional>

#include "report.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon {
namespace {

std::size_t checked_events(const ProfilerOptions& options) {
  if (options.max_events < 0) {
    detail::fail<ValueError>("Profiler", "max_events must not be negative but is ",
                             options.max_events, "; hint: 0 keeps no events for a trace");
  }
  return static_cast<std::size_t>(options.max_events);
}

std::optional<MachineLimits> limits_of(const ProfilerOptions& options, int threads) {
  if (!options.measure_peak) return std::nullopt;
  return machine_limits(threads);
}

}  // namespace

Profiler::Profiler(const ProfilerOptions& options)
    : options_(options),
      threads_(num_threads()),
      recorder_(new detail::ProfileRecorder(checked_events(options))) {}

Profiler::~Profiler() {
  // Where another thread still listens with it, it is better never given back than used afterwards.
  if (recorder_->stop()) delete recorder_;
}

void Profiler::stop() {
  if (recorder_->stop()) return;
  detail::fail<ValueError>("Profiler",
                           "stop() was called in another thread than the profiler was made in; "
                           "hint: a profiler belongs to its thread, make one in each");
}

double Profiler::seconds() const { return static_cast<double>(recorder_->nanoseconds()) * 1e-9; }

Index Profiler::dropped_events() const { return static_cast<Index>(recorder_->dropped_events()); }

std::vector<ProfileEntry> Profiler::entries_of(const Layers& layers) const {
  const auto contexts = recorder_->contexts();
  const auto limits = limits_of(options_, threads_);
  return detail::profile_lines(contexts, layers, limits ? &*limits : nullptr);
}

std::string Profiler::table_of(const Layers& layers) const {
  const double seconds = this->seconds();
  const auto entries = entries_of(layers);
  const auto limits = limits_of(options_, threads_);
  return detail::profile_table(entries, seconds, limits ? &*limits : nullptr);
}

std::vector<ProfileEntry> Profiler::entries() const { return entries_of({}); }
std::string Profiler::table() const { return table_of({}); }
void Profiler::export_chrome_trace(const std::string& path) const {
  detail::write_chrome_trace(path, *recorder_, {});
}

template <class T>
std::vector<ProfileEntry> Profiler::entries(const nn::BasicModule<T>& net) const {
  return entries_of(detail::named_layers(net));
}
template <class T>
std::string Profiler::table(const nn::BasicModule<T>& net) const {
  return table_of(detail::named_layers(net));
}
template <class T>
void Profiler::export_chrome_trace(const std::string& path, const nn::BasicModule<T>& net) const {
  detail::write_chrome_trace(path, *recorder_, detail::named_layers(net));
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TENON_API std::vector<ProfileEntry> Profiler::entries(const nn::BasicModule<T>&) const; \
  template TENON_API std::string Profiler::table(const nn::BasicModule<T>&) const;                 \
  template TENON_API void Profiler::export_chrome_trace(const std::string&,                        \
                                                        const nn::BasicModule<T>&) const;
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

ProfileScope::ProfileScope(std::string_view name) noexcept : recorder_(detail::profile_recorder) {
  if (recorder_ != nullptr) depth_ = detail::profile_begin_range(name);
}

ProfileScope::~ProfileScope() {
  if (recorder_ != nullptr) detail::profile_end(recorder_, depth_);
}

}  // namespace tenon
