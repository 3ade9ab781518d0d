#pragma once

namespace tenon {

/// What becomes of the losses of a batch: kept one by one, averaged, or added up.
enum class Reduction { none, mean, sum };

}  // namespace tenon
