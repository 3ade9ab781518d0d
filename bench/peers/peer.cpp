#include "peer.hpp"

#include <utility>

#include "bench/case.hpp"
#include "bench/same_result.hpp"
#include "bench/sizes.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

/// Adds the case whose operands and work `make` prepares: it gives the work and Tenon's result.
template <class Sizes, class Make>
void add(const Peer& peer, const Sizes& sizes, const Make& make) {
  Case c{sizes.name(), sizes.flops(), sizes.bytes(), nullptr, peer.name};
  c.prepare = [peer, make, name = c.full_name()] {
    peer.set_threads(num_threads());
    auto [work, expected] = make(peer);
    work.run();
    require_same_result(name, work.result(), expected);
    return work.run;
  };
  cases().push_back(std::move(c));
}

using Prepared = std::pair<PeerWork, Tensor>;

}  // namespace

bool add_peer(const Peer& peer) {
  if (peer.matmul) {
    for (const MatmulSizes& s : matmul_sizes) {
      add(peer, s, [s](const Peer& p) {
        const Tensor a = randn({s.m, s.k}), b = randn({s.k, s.n});
        return Prepared(p.matmul(a, b), matmul(a, b));
      });
    }
  }
  if (peer.linear) {
    for (const LinearSizes& s : linear_sizes) {
      add(peer, s, [s](const Peer& p) {
        const Tensor x = randn({s.m, s.k}), w = randn({s.n, s.k}), b = randn({s.n});
        return Prepared(p.linear(x, w, b), linear(x, w, b));
      });
    }
  }
  if (peer.conv2d) {
    for (const Conv2dSizes& s : conv2d_sizes) {
      add(peer, s, [s](const Peer& p) {
        const Tensor x = randn({s.n, s.c, s.h, s.h}), w = randn({s.o, s.c, s.kernel, s.kernel}),
                     b = randn({s.o});
        return Prepared(p.conv2d(x, w, b, s.options()), conv2d(x, w, b, s.options()));
      });
    }
  }
  return true;
}

}  // namespace tenon::bench
