#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tenon/ops/conv2d.hpp"
#include "tenon/tensor/tensor.hpp"

/// Other libraries in the same program: one file each, compiled in where CMake finds the library
/// (TENON_BENCH_PEERS=ON).
namespace tenon::bench {

/// One piece of work that a peer has made ready: operands laid out and weights packed as it likes
/// them best, memory for the result allocated.
struct PeerWork {
  std::function<void()> run;                     ///< what is timed
  std::function<std::vector<Tensor>()> results;  ///< of the last run, in Tenon's layout
};

/// A library and what it offers; what it does not is left empty. A work keeps the tensors it needs.
struct Peer {
  std::string name;
  std::function<void(int threads)> set_threads;
  /// (m, k) times (k, n)
  std::function<PeerWork(const Tensor& a, const Tensor& b)> matmul;
  /// x w^T + b with x (m, k), w (n, k), b (n)
  std::function<PeerWork(const Tensor& x, const Tensor& w, const Tensor& b)> linear;
  /// x (N, C, H, W), w (O, C, KH, KW), b (O); stride and padding are all the options it must know.
  std::function<PeerWork(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dOptions&)>
      conv2d;
  /// The same and its gradients dx, dw, db, which are the results, from dy.
  std::function<PeerWork(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& dy,
                         const Conv2dOptions&)>
      conv2d_train;
};

/// Adds a case "<Tenon's case> @<peer>" for each that it offers. Before one is timed, its results
/// are compared with Tenon's; std::runtime_error if they differ.
bool add_peer(const Peer& peer);

}  // namespace tenon::bench
