#include "tenon/train/checkpoint.hpp"

#include <signal.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "tenon/base/random.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/io/state_dict.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

namespace {

// Of the file's layout, not of the library. A reader refuses others.
constexpr const char* version = "1";
constexpr const char* generator_name = "random_generator";

LongTensor longs(std::initializer_list<std::uint64_t> values) {
  LongTensor tensor = LongTensor::empty({static_cast<Index>(values.size())});
  std::int64_t* to = tensor.data();
  for (std::uint64_t value : values) *to++ = static_cast<std::int64_t>(value);
  return tensor;
}

template <class T>
class ModulePart final : public detail::CheckpointPart {
 public:
  explicit ModulePart(nn::BasicModule<T>& module) : module_(module) {}
  io::TensorDict state() const override { return io::state_dict(module_); }
  void load_state(const io::TensorDict& state) override { io::load_state_dict(module_, state); }

 private:
  nn::BasicModule<T>& module_;
};

template <class T>
class OptimizerPart final : public detail::CheckpointPart {
 public:
  explicit OptimizerPart(optim::BasicOptimizer<T>& optimizer) : optimizer_(optimizer) {}

  io::TensorDict state() const override {
    const optim::BasicOptimizerState<T> state = optimizer_.state();
    io::TensorDict dict{{"learning_rate", scalar(state.learning_rate)}, {"steps", state.steps}};
    for (const auto& buffer : state.buffers) dict.add(buffer.name, buffer.tensor);
    return dict;
  }
  void load_state(const io::TensorDict& dict) override {
    optim::BasicOptimizerState<T> state;
    state.learning_rate = dict.get<double>("learning_rate").item();
    state.steps = dict.get<std::int64_t>("steps");
    for (const auto& [name, tensor] : dict) {
      if (name == "learning_rate" || name == "steps") continue;
      state.buffers.push_back({name, dict.get<T>(name), true});
    }
    optimizer_.load_state(state);
  }

 private:
  static DoubleTensor scalar(double value) { return full<double>({}, value); }
  optim::BasicOptimizer<T>& optimizer_;
};

template <class V>
class ValuePart final : public detail::CheckpointPart {
 public:
  explicit ValuePart(V& value) : value_(value) {}
  io::TensorDict state() const override {
    BasicTensor<V> tensor = BasicTensor<V>::empty({});
    tensor.data()[0] = value_;
    return {{"value", tensor}};
  }
  void load_state(const io::TensorDict& state) override { value_ = state.get<V>("value").item(); }

 private:
  V& value_;
};

/// The end of a process leaves its temporary file behind: PATH.tmp-PID-NUMBER.
void remove_leftovers(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path file(path);
  const std::string prefix = file.filename().string() + ".tmp-";
  std::error_code error;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    pid_t process = 0;
    const char* digits = name.c_str() + prefix.size();
    if (std::from_chars(digits, name.c_str() + name.size(), process).ec != std::errc{}) continue;
    const bool is_running = ::kill(process, 0) == 0 || errno == EPERM;
    if (!is_running) fs::remove(it->path(), error);
  }
}

}  // namespace

namespace detail {

io::TensorDict to_dict(const data::DataLoaderState& state) {
  return {{"seed_epoch_batch", longs({state.seed, static_cast<std::uint64_t>(state.epoch),
                                      static_cast<std::uint64_t>(state.batch)})}};
}

io::TensorDict to_dict(const std::vector<double>& values) {
  return {{"numbers", from_container(values)}};
}

data::DataLoaderState loader_state(const io::TensorDict& state) {
  const LongTensor values = state.get<std::int64_t>("seed_epoch_batch");
  if (!(values.shape() == Shape{3})) {
    fail<ShapeError>("Checkpoint", "a loader's state has shape ", values.shape(), ", not (3)");
  }
  return {static_cast<std::uint64_t>(values(0)), values(1), values(2)};
}

std::vector<double> numbers(const io::TensorDict& state) {
  const DoubleTensor values = state.get<double>("numbers");
  return {values.data(), values.data() + values.numel()};
}

std::unique_ptr<CheckpointPart> make_part(Index& value) {
  return std::make_unique<ValuePart<Index>>(value);
}
std::unique_ptr<CheckpointPart> make_part(double& value) {
  return std::make_unique<ValuePart<double>>(value);
}
template <class T>
std::unique_ptr<CheckpointPart> make_part(nn::BasicModule<T>& module) {
  return std::make_unique<ModulePart<T>>(module);
}
template <class T>
std::unique_ptr<CheckpointPart> make_part(optim::BasicOptimizer<T>& optimizer) {
  return std::make_unique<OptimizerPart<T>>(optimizer);
}

template std::unique_ptr<CheckpointPart> make_part(nn::BasicModule<float>&);
template std::unique_ptr<CheckpointPart> make_part(nn::BasicModule<double>&);
template std::unique_ptr<CheckpointPart> make_part(optim::BasicOptimizer<float>&);
template std::unique_ptr<CheckpointPart> make_part(optim::BasicOptimizer<double>&);

}  // namespace detail

Checkpoint::Checkpoint(std::string path) : path_(std::move(path)) {
  if (path_.empty()) detail::fail<ValueError>("Checkpoint", "the path of the file is empty");
}
Checkpoint::~Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;

void Checkpoint::add_part(const std::string& name, std::unique_ptr<detail::CheckpointPart> part) {
  if (name.empty() || name == generator_name || name.find('/') != std::string::npos) {
    detail::fail<ValueError>("Checkpoint", "'", name, "' cannot name a part; hint: a word such as ",
                             "'net', without '/', other than '", generator_name, "'");
  }
  for (const auto& entry : parts_) {
    if (entry.first == name) {
      detail::fail<ValueError>("Checkpoint", "there is a part called '", name, "' already");
    }
  }
  parts_.emplace_back(name, std::move(part));
}

bool Checkpoint::exists() const {
  std::error_code error;
  return std::filesystem::exists(path_, error);
}

io::TensorDict Checkpoint::collect() const {
  io::TensorDict dict;
  const RandomKey generator = default_generator().state();
  dict.add(generator_name, longs({generator.seed, generator.stream}));
  for (const auto& [name, part] : parts_) {
    const io::TensorDict state = part->state();
    for (const auto& [key, tensor] : state) dict.add(name + "/" + key, tensor);
    for (const auto& [key, text] : state.metadata) dict.metadata[name + "/" + key] = text;
  }
  return dict;
}

void Checkpoint::save() const {
  io::save_safetensors(path_, collect(), {{"tenon_checkpoint", version}}, {.checksum = true});
}

/// Throws where a part does not fit; those before it have changed then.
void Checkpoint::distribute(const io::TensorDict& dict) {
  std::vector<io::TensorDict> states(parts_.size());
  const auto part_of = [&](const std::string& key) -> io::TensorDict* {
    const std::string name = key.substr(0, key.find('/'));
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].first == name && name.size() < key.size()) return &states[i];
    }
    return nullptr;
  };
  for (const auto& [key, tensor] : dict) {
    if (key == generator_name) continue;
    io::TensorDict* state = part_of(key);
    if (state == nullptr) {
      detail::fail<ValueError>("Checkpoint", path_, ": holds '", key,
                               "', but no part of that name ",
                               "was added; hint: add the parts that were there when it was saved");
    }
    state->add(key.substr(key.find('/') + 1), tensor);
  }
  for (const auto& [key, text] : dict.metadata) {
    if (io::TensorDict* state = part_of(key)) state->metadata[key.substr(key.find('/') + 1)] = text;
  }
  const LongTensor generator = dict.get<std::int64_t>(generator_name);
  if (!(generator.shape() == Shape{2})) {
    detail::fail<ShapeError>("Checkpoint", path_, ": '", generator_name, "' has shape ",
                             generator.shape(), ", not (2)");
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].second->load_state(states[i]);
  default_generator().set_state(
      {static_cast<std::uint64_t>(generator(0)), static_cast<std::uint64_t>(generator(1))});
}

void Checkpoint::load() {
  const io::TensorDict found = io::load_safetensors(path_);
  const auto format = found.metadata.find("tenon_checkpoint");
  if (format == found.metadata.end() || !found.metadata.contains("crc32")) {
    detail::fail<IoError>("Checkpoint", path_, ": is a safetensors file, but no checkpoint of ",
                          "Tenon; hint: io::load() reads weights");
  }
  if (format->second != version) {
    detail::fail<IoError>("Checkpoint", path_, ": has version ", format->second, " of the format; ",
                          "this library reads version ", version);
  }
  // Parts check as they load, one after another; so what they were is kept until all have agreed.
  io::TensorDict before;
  const io::TensorDict current = collect();
  before.metadata = current.metadata;
  for (const auto& [key, tensor] : current) {
    tensor.visit([&, &key = key](const auto& typed) { before.add(key, typed.clone()); });
  }
  try {
    distribute(found);
  } catch (...) {
    distribute(before);
    throw;
  }
}

bool Checkpoint::resume() {
  remove_leftovers(path_);
  if (!exists()) return false;
  load();
  return true;
}

}  // namespace tenon
