#pragma once

#include "tenon/kernels/dims.hpp"

/// What the processor can do at most, measured now. The shortest of several runs counts: a limit is
/// what it can do, not what it did.
namespace tenon::kernels {

/// Floating-point operations in a second when `threads` threads do nothing but multiply-adds in
/// registers, each counted as 2; a few milliseconds. T is float or double.
template <class T>
TENON_API double measure_flops(int threads);

/// Bytes in a second, those read and those written, when so many bytes are moved over and over by
/// at most `threads` threads; 5 ms, or three copies where these take longer. Few bytes are moved by
/// few threads, as other kernels do.
TENON_API double measure_bandwidth(int threads, double bytes);

}  // namespace tenon::kernels
