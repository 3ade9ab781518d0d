// Scaled dot-product attention of a short text, a long causal one and a long one of few samples.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/attention.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

struct Sizes {
  Index batch, heads, length, size;
  bool causal;
};

/// Two products of size for each pair of a query and a key; backward takes 2.5 times that.
double flops(const Sizes& s) {
  return 4.0 * static_cast<double>(s.batch * s.heads * s.length * s.length * s.size);
}
double array(const Sizes& s) {
  return 4.0 * static_cast<double>(s.batch * s.heads * s.length * s.size);
}
Tensor heads(const Sizes& s) { return randn({s.batch, s.heads, s.length, s.size}); }

std::string name(const char* kind, const Sizes& s) {
  return std::string("attention/") + kind + "/B" + std::to_string(s.batch) + " h" +
         std::to_string(s.heads) + " L" + std::to_string(s.length) + " D" + std::to_string(s.size) +
         (s.causal ? " causal" : "");
}

Case forward(const Sizes& s) {
  return {name("forward", s), flops(s), 4 * array(s), [s] {
            return [q = heads(s), k = heads(s), v = heads(s), causal = s.causal] {
              keep(scaled_dot_product_attention(q, k, v, {.causal = causal}));
            };
          }};
}

Case train(const Sizes& s) {
  return {name("train", s), 3.5 * flops(s), 12 * array(s), [s] {
            return [q = heads(s), k = heads(s), v = heads(s),
                    dy = ones({s.batch, s.heads, s.length, s.size}), causal = s.causal] {
              Tape tape;
              const auto y = scaled_dot_product_attention(tape.watch(q), tape.watch(k),
                                                          tape.watch(v), {.causal = causal});
              keep(tape.gradients(y, dy));
            };
          }};
}

constexpr Sizes short_text{32, 8, 128, 64, false}, causal_text{8, 8, 512, 64, true},
    long_text{2, 8, 2048, 64, false};
const Register cases[] = {Register(forward(short_text)),  Register(train(short_text)),
                          Register(forward(causal_text)), Register(train(causal_text)),
                          Register(forward(long_text)),   Register(train(long_text))};

}  // namespace
}  // namespace tenon::bench
