#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/data/dataloader.hpp"
#include "tenon/io/tensor_dict.hpp"
#include "tenon/nn/module.hpp"
#include "tenon/optim/optimizer.hpp"

namespace tenon {

namespace detail {

/// One named part of a run's state. It refers to what it saves.
class CheckpointPart {
 public:
  virtual ~CheckpointPart() = default;
  /// Tensors that share the values, where they are tensors.
  virtual io::TensorDict state() const = 0;
  /// Throws unless the state is one of this very part; may leave it half changed.
  virtual void load_state(const io::TensorDict& state) = 0;
};

TENON_API io::TensorDict to_dict(const data::DataLoaderState& state);
TENON_API io::TensorDict to_dict(const std::vector<double>& values);
TENON_API data::DataLoaderState loader_state(const io::TensorDict& state);
TENON_API std::vector<double> numbers(const io::TensorDict& state);
TENON_API std::unique_ptr<CheckpointPart> make_part(Index& value);
TENON_API std::unique_ptr<CheckpointPart> make_part(double& value);
template <class T>
TENON_API std::unique_ptr<CheckpointPart> make_part(nn::BasicModule<T>& module);
template <class T>
TENON_API std::unique_ptr<CheckpointPart> make_part(optim::BasicOptimizer<T>& optimizer);

/// What says its state as a TensorDict, as numbers, or as a loader does.
template <class S>
concept HasState = requires(S& object) {
  object.load_state(object.state());
};
template <class L>
concept HasLoaderState = requires(L& loader, const data::DataLoaderState& state) {
  loader.set_state(state);
};

template <class S>
class StatePart final : public CheckpointPart {
 public:
  explicit StatePart(S& object) : object_(object) {}
  io::TensorDict state() const override {
    if constexpr (std::is_convertible_v<decltype(object_.state()), io::TensorDict>) {
      return object_.state();
    } else {
      return to_dict(object_.state());
    }
  }
  void load_state(const io::TensorDict& state) override {
    if constexpr (HasLoaderState<S>) {
      object_.set_state(loader_state(state));
    } else if constexpr (std::is_convertible_v<decltype(object_.state()), io::TensorDict>) {
      object_.load_state(state);
    } else {
      object_.load_state(numbers(state));
    }
  }

 private:
  S& object_;
};

}  // namespace detail

/// A file from which a run that was stopped at any moment, even by a power cut, goes on as if it
/// had not been: with the same bits.
///
///   Checkpoint checkpoint("run.ckpt");
///   checkpoint.add("net", net);
///   checkpoint.add("optimizer", adam);
///   checkpoint.add("loader", loader);
///   checkpoint.add("step", step);
///   checkpoint.resume();                          // goes on where a file exists
///   for (; epoch < epochs; ...)
///     for (auto& [images, labels] : loader) {
///       ...
///       if (++step % 100 == 0) checkpoint.save();
///     }
///
/// It holds what add() named, and the state of this thread's random generator. What was added is
/// referred to and must stay where it is. The file is a safetensors file (part P's tensor t is
/// "P/t") with a checksum; it is written under another name, flushed to the disk and renamed, so
/// that there is always a whole one under its name, the last or the one before it. Saving takes as
/// long as that flush does.
class TENON_API Checkpoint {
 public:
  explicit Checkpoint(std::string path);
  ~Checkpoint();
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;

  /// Names a part: a module (parameters and buffers), an optimiser, a loader, an Index or double
  /// variable, or anything with state() and load_state() that exchange an io::TensorDict or a
  /// std::vector<double>. Throws ValueError for a name that is empty, taken or has a '/'.
  template <class Part>
  void add(const std::string& name, Part& part) {
    add_part(name, make(part));
  }

  const std::string& path() const { return path_; }
  /// Whether there is a file to go on from.
  bool exists() const;

  /// Writes everything. Throws IoError; the file that was there before is then unchanged.
  void save() const;
  /// Reads everything. Throws IoError for a file that cannot be read, is damaged or no checkpoint,
  /// and ValueError, ShapeError or TypeError for one of another run (other parts, another net);
  /// nothing is changed then.
  void load();
  /// load() where exists(), and removes what a save that was cut off has left. Returns whether
  /// there was a file.
  bool resume();

 private:
  template <class Part>
  static std::unique_ptr<detail::CheckpointPart> make(Part& part) {
    if constexpr (requires { detail::make_part(part); }) {
      return detail::make_part(part);
    } else {
      static_assert(detail::HasState<Part> || detail::HasLoaderState<Part>,
                    "Checkpoint::add() takes a module, an optimiser, a loader, an Index or double, "
                    "or anything with state() and load_state()");
      return std::make_unique<detail::StatePart<Part>>(part);
    }
  }
  void add_part(const std::string& name, std::unique_ptr<detail::CheckpointPart> part);
  io::TensorDict collect() const;
  void distribute(const io::TensorDict& dict);

  std::string path_;
  std::vector<std::pair<std::string, std::unique_ptr<detail::CheckpointPart>>> parts_;
};

}  // namespace tenon
