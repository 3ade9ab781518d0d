#include "tenon/io/replay.hpp"

#include <charconv>
#include <string_view>

#include "tenon/io/safetensors.hpp"

namespace tenon::io {
namespace {

constexpr std::string_view inputs_prefix = "inputs.";
constexpr std::string_view targets_prefix = "targets.";
constexpr std::string_view state_prefix = "state.";
constexpr const char* indices_name = "indices";

void add_all(TensorDict& to, std::string_view prefix, const TensorDict& from) {
  for (const TensorEntry& entry : from) to.add(std::string(prefix) + entry.name, entry.tensor);
}

[[noreturn]] void fail_no_replay(const std::string& path, const std::string& what) {
  detail::fail<IoError>("load_replay", "'", path, "' ", what,
                        "; hint: read files of save_replay() with it, others with "
                        "load_safetensors()");
}

const std::string& metadata_of(const std::string& path, const TensorDict& file,
                               const std::string& name) {
  const auto found = file.metadata.find(name);
  if (found == file.metadata.end()) fail_no_replay(path, "has no metadata '" + name + "'");
  return found->second;
}

template <class I>
I number_of(const std::string& path, const TensorDict& file, const std::string& name) {
  const std::string& text = metadata_of(path, file, name);
  I value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail_no_replay(path, "holds no whole number as '" + name + "' but '" + text + "'");
  }
  return value;
}

/// Adds the tensor to `to` where its name begins with prefix.
bool take(const TensorEntry& entry, std::string_view prefix, TensorDict& to) {
  const std::string_view name = entry.name;
  if (name.substr(0, prefix.size()) != prefix) return false;
  to.add(std::string(name.substr(prefix.size())), entry.tensor);
  return true;
}

}  // namespace

void save_replay(const std::string& path, const Replay& replay) {
  TensorDict file;
  add_all(file, inputs_prefix, replay.inputs);
  add_all(file, targets_prefix, replay.targets);
  add_all(file, state_prefix, replay.state);
  if (replay.indices.defined()) file.add(indices_name, replay.indices);
  save_safetensors(path, file,
                   {{"replay.step", std::to_string(replay.step)},
                    {"replay.seed", std::to_string(replay.generator.seed)},
                    {"replay.stream", std::to_string(replay.generator.stream)},
                    {"replay.message", replay.message}});
}

Replay load_replay(const std::string& path) {
  const TensorDict file = load_safetensors(path);
  Replay replay;
  replay.step = number_of<Index>(path, file, "replay.step");
  replay.generator.seed = number_of<std::uint64_t>(path, file, "replay.seed");
  replay.generator.stream = number_of<std::uint64_t>(path, file, "replay.stream");
  replay.message = metadata_of(path, file, "replay.message");
  for (const TensorEntry& entry : file) {
    if (entry.name == indices_name) {
      replay.indices = file.get<std::int64_t>(indices_name);
    } else if (!take(entry, inputs_prefix, replay.inputs) &&
               !take(entry, targets_prefix, replay.targets) &&
               !take(entry, state_prefix, replay.state)) {
      fail_no_replay(path, "holds a tensor '" + entry.name + "' that is no part of a step");
    }
  }
  return replay;
}

}  // namespace tenon::io
