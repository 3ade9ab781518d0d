#include "peer.hpp"

#include <utility>
#include <vector>

#include "bench/case.hpp"
#include "bench/same_result.hpp"
#include "bench/sizes.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

/// What a peer works on and what Tenon makes of it.
struct Prepared {
  PeerWork work;
  std::vector<Tensor> expected;
};

template <class Make>
void add(const Peer& peer, const std::string& name, double flops, double bytes, const Make& make) {
  Case c{name, flops, bytes, nullptr, peer.name};
  c.prepare = [peer, make, name = c.full_name()] {
    peer.set_threads(num_threads());
    const Prepared prepared = make(peer);
    prepared.work.run();
    const std::vector<Tensor> results = prepared.work.results();
    for (std::size_t i = 0; i < results.size(); ++i) {
      require_same_result(name, results[i], prepared.expected.at(i));
    }
    return prepared.work.run;
  };
  cases().push_back(std::move(c));
}

Prepared matmul_work(const Peer& peer, const MatmulSizes& s) {
  const Tensor a = randn({s.m, s.k}), b = randn({s.k, s.n});
  return {peer.matmul(a, b), {matmul(a, b)}};
}

Prepared linear_work(const Peer& peer, const LinearSizes& s) {
  const Tensor x = randn({s.m, s.k}), w = randn({s.n, s.k}), b = randn({s.n});
  return {peer.linear(x, w, b), {linear(x, w, b)}};
}

struct ConvOperands {
  Tensor x, w, b;
  explicit ConvOperands(const Conv2dSizes& s)
      : x(randn({s.n, s.c, s.h, s.h})), w(randn({s.o, s.c, s.kernel, s.kernel})), b(randn({s.o})) {}
};

Prepared conv2d_work(const Peer& peer, const Conv2dSizes& s) {
  const ConvOperands in(s);
  return {peer.conv2d(in.x, in.w, in.b, s.options()), {conv2d(in.x, in.w, in.b, s.options())}};
}

Prepared conv2d_train_work(const Peer& peer, const Conv2dSizes& s) {
  const ConvOperands in(s);
  const Tensor dy = randn({s.n, s.o, s.out(), s.out()});
  Tape tape;
  const Tensor x = tape.watch(in.x), w = tape.watch(in.w), b = tape.watch(in.b);
  const Gradients gradients = tape.gradients(conv2d(x, w, b, s.options()), dy);
  return {peer.conv2d_train(in.x, in.w, in.b, dy, s.options()),
          {gradients[x], gradients[w], gradients[b]}};
}

}  // namespace

bool add_peer(const Peer& peer) {
  if (peer.matmul) {
    for (const MatmulSizes& s : matmul_sizes) {
      add(peer, s.name(), s.flops(), s.bytes(), [s](const Peer& p) { return matmul_work(p, s); });
    }
  }
  if (peer.linear) {
    for (const LinearSizes& s : linear_sizes) {
      add(peer, s.name(), s.flops(), s.bytes(), [s](const Peer& p) { return linear_work(p, s); });
    }
  }
  for (const Conv2dSizes& s : conv2d_sizes) {
    if (s.groups > 1) continue;
    if (peer.conv2d) {
      add(peer, s.name(), s.flops(), s.bytes(), [s](const Peer& p) { return conv2d_work(p, s); });
    }
    if (peer.conv2d_train) {
      add(peer, s.train_name(), 3 * s.flops(), 0,
          [s](const Peer& p) { return conv2d_train_work(p, s); });
    }
  }
  return true;
}

}  // namespace tenon::bench
