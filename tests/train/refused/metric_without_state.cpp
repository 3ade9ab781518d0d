// refused: a metric has std::vector<double> state.. const and void load_state
#include <tenon/tenon.hpp>
using namespace tenon;
struct Count {
  double count = 0;
  std::string name() const { return "count"; }
  void reset() { count = 0; }
  void update(const Tensor&, const Tensor&) { ++count; }
  double result() const { return count; }
};
int main() { Metric metric = Count(); }
