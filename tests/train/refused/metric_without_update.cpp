// refused: a metric has void update.const Tensor& prediction, const LongTensor& target
#include <tenon/tenon.hpp>
using namespace tenon;
struct Count {
  double count = 0;
  std::string name() const { return "count"; }
  void reset() { count = 0; }
  void update(const DoubleTensor&, const DoubleTensor&) { ++count; }
  double result() const { return count; }
  std::vector<double> state() const { return {count}; }
  void load_state(const std::vector<double>& state) { count = state[0]; }
};
int main() { Metric metric = Count(); }
