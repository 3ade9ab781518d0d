#pragma once

#include <string>

#include "tenon/base/random.hpp"
#include "tenon/io/tensor_dict.hpp"

namespace tenon::io {

/// One step of a training, as much of it as repeats it: what a loop writes down when a step fails.
struct Replay {
  TensorDict inputs = {};   ///< {{"x", images}}, or several under names of their own
  TensorDict targets = {};  ///< {{"y", labels}}; may be empty
  TensorDict state = {};  ///< of the model before the step, as state_dict() gives it; may be empty
  LongTensor indices = {};   ///< (N): which samples of the data set the batch is; may be undefined
  RandomKey generator = {};  ///< default_generator().state() before the step, for dropout
  Index step = 0;            ///< of the training
  std::string message = {};  ///< what() of the error
};

/// Writes a step to a safetensors file, which Python can read, too: tensors "inputs.x",
/// "targets.y", "state.0.weight", "indices"; metadata "replay.step", "replay.seed",
/// "replay.stream", "replay.message". Complete or not at all. Throws like save_safetensors().
TENON_API void save_replay(const std::string& path, const Replay& replay);

/// Reads it back, to the last bit:
///
///   io::Replay r = io::load_replay("replay.safetensors");
///   io::load_state_dict(net, r.state);
///   default_generator().set_state(r.generator);
///   DetectAnomaly guard;
///   Tape tape;
///   tape.gradients(cross_entropy(net(r.inputs.get<float>("x")),
///   r.targets.get<std::int64_t>("y")));
///
/// Throws like load_safetensors(), and IoError for a file that save_replay() has not written.
TENON_API Replay load_replay(const std::string& path);

}  // namespace tenon::io
