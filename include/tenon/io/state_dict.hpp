#pragma once

#include <string>
#include <vector>

#include "tenon/io/tensor_dict.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::io {

/// How a module takes tensors in.
struct LoadOptions {
  bool strict = true;  ///< every tensor of the module must be there, and no other
  bool cast = false;   ///< convert between float32 and float64 where the types differ
};

/// What was passed over with strict = false.
struct LoadReport {
  std::vector<std::string> missing;     ///< of the module, not there: left as they were
  std::vector<std::string> unexpected;  ///< there, but not of the module
};

/// The parameters and buffers of a module under their paths ("0.weight"), in the order of visit();
/// tied ones under each of their names. The tensors share the module's values, as PyTorch's do:
/// clone() what shall outlast the next step.
template <class T>
TENON_API TensorDict state_dict(nn::BasicModule<T>& module);

/// Writes the tensors into the module's parameters and buffers, in place. A tied parameter may be
/// there under one of its names only. Throws one ValueError that lists all that is missing,
/// unexpected or of another shape, and TypeError where nothing but scalar types differ; the module
/// is then unchanged.
template <class T>
TENON_API LoadReport load_state_dict(nn::BasicModule<T>& module, const TensorDict& tensors,
                                     const LoadOptions& options = {});

/// Writes the module's state to a safetensors file, whose names and shapes are PyTorch's where the
/// layers are. Throws like save_safetensors().
template <class T>
TENON_API void save(nn::BasicModule<T>& module, const std::string& path,
                    const Metadata& metadata = {});

/// Reads the module's state from a safetensors file. Throws like load_safetensors() and
/// load_state_dict().
template <class T>
TENON_API LoadReport load(nn::BasicModule<T>& module, const std::string& path,
                          const LoadOptions& options = {});

}  // namespace tenon::io
