#pragma once

#include <string>
#include <vector>

#include "base/profile_recorder.hpp"
#include "tenon/profile/machine_limits.hpp"
#include "tenon/profile/profiler.hpp"

namespace tenon::detail {

/// A layer of a net, and what a profile calls it.
struct NamedLayer {
  const void* layer;
  std::string path, description;
};

/// The net itself and all that its visit() leads to.
template <class T>
std::vector<NamedLayer> named_layers(const nn::BasicModule<T>& net);

/// The lines of a profile, from the contexts of its recorder. Without limits seconds_at_peak stays
/// 0.
std::vector<ProfileEntry> profile_lines(const std::vector<ProfileContext>& contexts,
                                        const std::vector<NamedLayer>& layers,
                                        const MachineLimits* limits);

/// "0.conv  Conv2d(1 -> 8, kernel 3)"
std::string layer_label(const std::string& path, const std::string& description);

/// The same as text.
std::string profile_table(const std::vector<ProfileEntry>& entries, double seconds,
                          const MachineLimits* limits);

/// Writes the events that the recorder has kept.
void write_chrome_trace(const std::string& path, const ProfileRecorder& recorder,
                        const std::vector<NamedLayer>& layers);

}  // namespace tenon::detail
