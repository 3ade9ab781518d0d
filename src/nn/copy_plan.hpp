#pragma once

#include <utility>
#include <vector>

#include "tenon/nn/module.hpp"

namespace tenon::detail {

/// Set once a program ties parameters; until then copying a module costs nothing extra.
void note_tied() noexcept;

/// Called before the members of source are copied. Where some of its parameters are one leaf, the
/// copies that this thread makes of them next will be one leaf too.
template <class T>
void plan_copy(const nn::BasicModule<T>& source);

/// The leaf that a copy of the parameter at this address shares with a copy made before, holding
/// the reference of the caller; make(leaf) is called where it is the first. Null where the
/// parameter is not tied to another of the module being copied.
TensorImpl* planned_copy(const void* parameter, TensorImpl* leaf,
                         TensorImpl* (*make)(TensorImpl* leaf));

}  // namespace tenon::detail
