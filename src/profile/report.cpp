#include "report.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace tenon {

namespace {

void add(const ProfileCost& from, ProfileCost& to) {
  to.seconds += from.seconds;
  to.flops += from.flops;
  to.bytes += from.bytes;
  to.allocated_bytes += from.allocated_bytes;
  to.seconds_at_peak += from.seconds_at_peak;
}

}  // namespace

ProfileCost ProfileEntry::total() const {
  ProfileCost sum = forward;
  add(backward, sum);
  return sum;
}

namespace detail {
namespace {

constexpr int none = -1;

double seconds_of(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

double seconds_at_peak(const ProfileContext& c, const MachineLimits* limits) {
  if (limits == nullptr) return 0;
  const auto bytes = static_cast<double>(c.bytes);
  const double calls = static_cast<double>(std::max<Index>(1, c.calls));
  return std::max(static_cast<double>(c.float_flops) / limits->float_flops +
                      static_cast<double>(c.double_flops) / limits->double_flops,
                  bytes / limits->bandwidth(bytes / calls));
}

/// Sorts contexts into lines. A layer has one line wherever it was called from, an operation one
/// for each layer in which it ran; an operation inside another one or inside a rule is a part of
/// that.
class Report {
 public:
  Report(const std::vector<ProfileContext>& contexts, const std::vector<NamedLayer>& layers,
         const MachineLimits* limits)
      : contexts_(contexts), limits_(limits), places_(contexts.size()) {
    for (const NamedLayer& layer : layers) names_.emplace(layer.layer, &layer);
    for (std::size_t i = 1; i < contexts.size(); ++i) {
      place(i);
      count(i);
    }
  }

  std::vector<ProfileEntry> lines() {
    std::vector<ProfileEntry> sorted;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].parent == none) append(i, sorted);
    }
    ProfileEntry rest;
    rest.kind = ProfileEntry::Kind::elsewhere;
    rest.forward = cost(contexts_[0]);
    rest.self_seconds = rest.forward.seconds;
    sorted.push_back(std::move(rest));
    return sorted;
  }

 private:
  struct Place {
    std::int32_t layer = none;  // context of the innermost layer; its own where it is one
    int layer_line = none;      // of that layer
    int line = none;            // of the outermost operation or the range; none for a layer
    bool is_part = false;       // of an operation
    bool backward = false;
  };
  struct Line {
    ProfileEntry entry;
    int parent;
    std::vector<std::size_t> inside = {};
  };

  ProfileCost cost(const ProfileContext& c) const {
    return {0,           seconds_of(c.nanoseconds),  c.float_flops + c.double_flops, c.bytes,
            c.allocated, seconds_at_peak(c, limits_)};
  }

  Place& at(std::int32_t i) { return places_[static_cast<std::size_t>(i)]; }

  void place(std::size_t i) {
    const ProfileContext& c = contexts_[i];
    Place& p = places_[i];
    p = at(c.parent);
    p.backward |= c.kind == ProfileKind::backward || c.kind == ProfileKind::sweep;
    if (c.kind == ProfileKind::layer) {
      p.layer_line = layer_line(c, p.layer_line);
      p.layer = static_cast<std::int32_t>(i);
      p.line = none;
      p.is_part = false;
      calls(p.layer_line, p.backward) += c.calls;
    } else if (!p.is_part) {
      p.is_part = c.kind != ProfileKind::range;
      p.line = step_line(c, p.layer_line);
      calls(p.line, p.backward) += c.calls;
    } else if (c.kind == ProfileKind::backward && !at(c.parent).backward) {
      calls(p.line, true) += c.calls;
    }
  }

  Index& calls(int line, bool backward) {
    ProfileEntry& entry = lines_[static_cast<std::size_t>(line)].entry;
    return (backward ? entry.backward : entry.forward).calls;
  }

  /// Adds what a context cost by itself to all lines that contain it.
  void count(std::size_t i) {
    const ProfileContext& c = contexts_[i];
    const Place& p = places_[i];
    const ProfileCost own = cost(c);
    const auto add_to = [&](int line) {
      ProfileEntry& entry = lines_[static_cast<std::size_t>(line)].entry;
      add(own, p.backward ? entry.backward : entry.forward);
    };
    const auto add_self = [&](int line) {
      if (line != none) lines_[static_cast<std::size_t>(line)].entry.self_seconds += own.seconds;
    };
    add_self(p.line);
    add_self(p.layer_line);
    if (p.line != none) add_to(p.line);
    if (c.kind == ProfileKind::range && !p.is_part) {
      ProfileCost& range = lines_[static_cast<std::size_t>(p.line)].entry.forward;
      range.seconds += seconds_of(c.range_nanoseconds - c.nanoseconds);
    }
    std::vector<int> enclosing;  // each layer once, however often it calls itself
    for (std::int32_t layer = p.layer; layer != none;) {
      const int line = at(layer).layer_line;
      if (std::find(enclosing.begin(), enclosing.end(), line) == enclosing.end()) {
        enclosing.push_back(line);
        add_to(line);
      }
      layer = at(contexts_[static_cast<std::size_t>(layer)].parent).layer;
    }
  }

  int new_line(ProfileEntry entry, int parent) {
    if (parent != none) {
      Line& in = lines_[static_cast<std::size_t>(parent)];
      entry.depth = in.entry.depth + 1;
      in.inside.push_back(lines_.size());
    }
    lines_.push_back({std::move(entry), parent});
    return static_cast<int>(lines_.size()) - 1;
  }

  /// Two layers may have lived at one address, one after the other; they are told apart by type.
  int layer_line(const ProfileContext& c, int parent) {
    auto found = layer_lines_.find({c.key, c.type});
    if (found == layer_lines_.end()) {
      // One of the two may not know its type.
      found = layer_lines_.lower_bound({c.key, nullptr});
      const bool fits = found != layer_lines_.end() && found->first.first == c.key &&
                        (c.type == nullptr || found->first.second == nullptr);
      if (!fits) found = layer_lines_.end();
    }
    if (found == layer_lines_.end()) {
      ProfileEntry entry;
      entry.kind = ProfileEntry::Kind::layer;
      found =
          layer_lines_.emplace(std::pair(c.key, c.type), new_line(std::move(entry), parent)).first;
    }
    ProfileEntry& entry = lines_[static_cast<std::size_t>(found->second)].entry;
    const auto name = names_.find(c.key);
    if (name != names_.end()) {
      entry.layer = name->second->path;
      entry.description = name->second->description;
    } else if (entry.description.empty()) {
      entry.description = c.label;
    }
    return found->second;
  }

  static ProfileEntry::Kind entry_kind(ProfileKind kind) {
    if (kind == ProfileKind::optimizer) return ProfileEntry::Kind::optimizer;
    return kind == ProfileKind::range ? ProfileEntry::Kind::range : ProfileEntry::Kind::operation;
  }

  int step_line(const ProfileContext& c, int parent) {
    ProfileEntry entry;
    entry.kind = entry_kind(c.kind);
    entry.name = c.kind == ProfileKind::optimizer ? c.label + ".step" : c.label;
    const auto key = std::pair(std::pair(parent, entry.kind), entry.name);
    const auto found = step_lines_.find(key);
    if (found != step_lines_.end()) return found->second;
    return step_lines_[key] = new_line(std::move(entry), parent);
  }

  void append(std::size_t i, std::vector<ProfileEntry>& sorted) const {
    const Line& line = lines_[i];
    ProfileEntry entry = line.entry;
    if (entry.kind != ProfileEntry::Kind::layer && line.parent != none) {
      const ProfileEntry& layer = lines_[static_cast<std::size_t>(line.parent)].entry;
      entry.layer = layer.layer;
      entry.description = layer.description;
    }
    sorted.push_back(std::move(entry));
    for (const std::size_t inside : line.inside) append(inside, sorted);
  }

  const std::vector<ProfileContext>& contexts_;
  const MachineLimits* limits_;
  std::map<const void*, const NamedLayer*> names_;
  std::vector<Place> places_;
  std::vector<Line> lines_;  // by first appearance; a parent before what it contains
  std::map<std::pair<const void*, const std::type_info*>, int> layer_lines_;
  std::map<std::pair<std::pair<int, ProfileEntry::Kind>, std::string>, int> step_lines_;
};

}  // namespace

std::vector<ProfileEntry> profile_lines(const std::vector<ProfileContext>& contexts,
                                        const std::vector<NamedLayer>& layers,
                                        const MachineLimits* limits) {
  return Report(contexts, layers, limits).lines();
}

std::string layer_label(const std::string& path, const std::string& description) {
  if (path.empty()) return description.empty() ? "(layer)" : description;
  return description.empty() ? path : path + "  " + description;
}

}  // namespace detail
}  // namespace tenon
