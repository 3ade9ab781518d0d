#include "tenon/optim/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/profile.hpp"
#include "checks.hpp"
#include "flat.hpp"
#include "tenon/autograd/tape.hpp"

namespace tenon::optim {

/// What was found at one length of the step.
template <class T>
struct BasicLBFGS<T>::Trial {
  double t = 0, loss = 0;
  double slope = 0;  // of the loss along the direction
  BasicTensor<T> g;
};

namespace {

/// The minimum of the cubic through two trials, within bounds; their middle where it has none.
template <class Trial>
double cubic_minimum(const Trial& a, const Trial& b, double low, double high) {
  const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t);
  const double square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const auto& left = a.t <= b.t ? a : b;
  const auto& right = a.t <= b.t ? b : a;
  const double share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  return std::min(std::max(right.t - (right.t - left.t) * share, low), high);
}

}  // namespace

template <class T>
BasicLBFGS<T>::BasicLBFGS(nn::BasicModule<T>& net, const LBFGSOptions& options)
    : options_(options) {
  check();
  for (const auto& entry : nn::named_parameters(net)) add(*entry.parameter);
  if (parameters_.empty()) {
    detail::fail<ValueError>("LBFGS", net.description(),
                             " has no parameters to train; hint: its visit() must name every layer "
                             "and parameter, as in v(\"conv\", conv)");
  }
}

template <class T>
BasicLBFGS<T>::BasicLBFGS(const std::vector<nn::BasicParameter<T>*>& parameters,
                          const LBFGSOptions& options)
    : options_(options) {
  check();
  for (const auto* parameter : parameters) {
    if (parameter == nullptr || !parameter->defined()) {
      detail::fail<ValueError>("LBFGS",
                               "a parameter of the list is undefined; hint: was its layer "
                               "moved from, or made without a bias?");
    }
    add(*parameter);
  }
  if (parameters_.empty()) {
    detail::fail<ValueError>("LBFGS", "the list of parameters to train is empty");
  }
}

template <class T>
void BasicLBFGS<T>::add(const BasicTensor<T>& parameter) {
  for (const auto& known : parameters_) {
    if (known.is_same(parameter)) return;
  }
  parameters_.push_back(parameter);
  numel_ += parameter.numel();
}

template <class T>
void BasicLBFGS<T>::check() const {
  const auto check_count = [](const char* name, Index value, Index least) {
    if (value >= least) return;
    detail::fail<ValueError>("LBFGS", name, " must be at least ", least, ", not ", value);
  };
  detail::check_option("LBFGS", "lr", options_.lr);
  detail::check_option("LBFGS", "tolerance_grad", options_.tolerance_grad);
  detail::check_option("LBFGS", "tolerance_change", options_.tolerance_change);
  check_count("max_iter", options_.max_iter, 1);
  check_count("max_eval", options_.max_eval, 0);
  check_count("history_size", options_.history_size, 1);
}

template <class T>
void BasicLBFGS<T>::set_learning_rate(double learning_rate) {
  detail::check_option("LBFGS", "lr", learning_rate);
  options_.lr = learning_rate;
}

/// All parameters in one row.
template <class T>
BasicTensor<T> BasicLBFGS<T>::flat() const {
  auto row = BasicTensor<T>::empty({numel_});
  T* to = row.data();
  for (const auto& p : parameters_) to = std::copy_n(p.data(), p.numel(), to);
  return row;
}

/// w = start + t direction
template <class T>
void BasicLBFGS<T>::move_to(double t) {
  const T length = static_cast<T>(t);
  const T *x = start_.data(), *d = direction_.data();
  for (auto& p : parameters_) {
    T* w = p.data();
    const Index n = p.numel();
    for (Index i = 0; i < n; ++i) w[i] = x[i] + length * d[i];
    p.mark_modified();
    x += n;
    d += n;
  }
}

/// Loss and gradient where the parameters are.
template <class T>
typename BasicLBFGS<T>::Trial BasicLBFGS<T>::evaluate(Loss loss, const void* context, double t) {
  Tape tape;
  const BasicTensor<T> value = loss(context);
  const Gradients gradients = tape.gradients(value);
  Trial trial{.t = t,
              .loss = static_cast<double>(value.item()),
              .slope = 0,
              .g = BasicTensor<T>::empty({numel_})};
  T* to = trial.g.data();
  Index found = 0;
  for (const auto& p : parameters_) {
    const BasicTensor<T> g = gradients.find(p);
    if (g.defined()) {
      ++found;
      std::copy_n(g.data(), g.numel(), to);
    } else {
      std::fill_n(to, p.numel(), T(0));
    }
    to += p.numel();
  }
  if (found == 0) {
    detail::fail<ValueError>("LBFGS", "none of the ", parameters_.size(),
                             " parameters of this optimiser has a gradient; hint: was the net "
                             "copied after the optimiser was made? A copy has parameters of its "
                             "own: make the optimiser from the net that is trained");
  }
  if (direction_.defined()) trial.slope = dot(trial.g, direction_);
  return trial;
}

/// Takes the last change of the weights into the history, unless the loss was not convex there.
template <class T>
void BasicLBFGS<T>::remember(const BasicTensor<T>& g) {
  Change change{g.clone(), direction_, 0};
  add_scaled(gradient_, -1, change.y);
  scale(length_, change.s);
  const double product = dot(change.y, change.s);
  if (!(product > 1e-10)) return;
  change.rho = 1 / product;
  scale_ = product / dot(change.y, change.y);
  if (static_cast<Index>(changes_.size()) == options_.history_size) {
    changes_.erase(changes_.begin());
  }
  changes_.push_back(std::move(change));
}

template <class T>
void BasicLBFGS<T>::choose_direction(const BasicTensor<T>& g) {
  const detail::OpScope scope(
      [] { return detail::profile_begin(detail::ProfileKind::optimizer, "LBFGS"); });
  if (iterations_ > 0) remember(g);
  BasicTensor<T> d = g.clone();
  scale(-1, d);
  std::vector<double> shares(changes_.size());
  for (std::size_t i = changes_.size(); i-- > 0;) {
    shares[i] = changes_[i].rho * dot(changes_[i].s, d);
    add_scaled(changes_[i].y, -shares[i], d);
  }
  if (iterations_ > 0) scale(scale_, d);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    add_scaled(changes_[i].s, shares[i] - changes_[i].rho * dot(changes_[i].y, d), d);
  }
  direction_ = d;
  gradient_ = g;
  ++iterations_;
}

/// A trial that meets the strong Wolfe conditions, or the best one where 25 did not find it.
template <class T>
template <class At>
typename BasicLBFGS<T>::Trial BasicLBFGS<T>::search_line(const Trial& start, double t,
                                                         double longest, const At& at) {
  constexpr double least_width = 1e-9;
  constexpr int most_trials = 25;
  const auto too_high = [&](const Trial& x) {
    return x.loss > start.loss + 1e-4 * x.t * start.slope;
  };
  const auto flat_enough = [&](const Trial& x) { return std::abs(x.slope) <= -0.9 * start.slope; };

  Trial ends[2] = {start, at(t)};
  int trials = 0;
  for (; trials < most_trials; ++trials) {
    const Trial &before = ends[0], &now = ends[1];
    if (too_high(now) || (trials > 1 && now.loss >= before.loss)) break;
    if (flat_enough(now)) return now;
    if (now.slope >= 0) break;
    const double least = now.t + 0.01 * (now.t - before.t);
    const double next = cubic_minimum(before, now, least, 10 * now.t);
    ends[0] = std::move(ends[1]);
    ends[1] = at(next);
  }
  if (trials == most_trials) ends[0] = start;

  // Between the two ends lies what is looked for.
  int low = ends[0].loss <= ends[1].loss ? 0 : 1;
  bool was_near_end = false;
  for (; trials < most_trials; ++trials) {
    const double left = std::min(ends[0].t, ends[1].t), right = std::max(ends[0].t, ends[1].t);
    if ((right - left) * longest < least_width) break;
    double next = cubic_minimum(ends[0], ends[1], left, right);
    const double margin = 0.1 * (right - left);
    const bool is_near_end = std::min(right - next, next - left) < margin;
    const bool leaves = is_near_end && (was_near_end || next >= right || next <= left);
    if (leaves) {
      next = std::abs(next - right) < std::abs(next - left) ? right - margin : left + margin;
    }
    was_near_end = is_near_end && !leaves;

    Trial now = at(next);
    if (too_high(now) || now.loss >= ends[low].loss) {
      ends[1 - low] = std::move(now);
      low = ends[0].loss <= ends[1].loss ? 0 : 1;
      continue;
    }
    if (flat_enough(now)) return now;
    if (now.slope * (ends[1 - low].t - ends[low].t) >= 0) ends[1 - low] = ends[low];
    ends[low] = std::move(now);
  }
  return ends[low];
}

template <class T>
double BasicLBFGS<T>::run(Loss loss, const void* context) {
  const Index max_eval = options_.max_eval > 0 ? options_.max_eval : options_.max_iter * 5 / 4;
  Index evaluations = 1;
  Trial now = evaluate(loss, context, 0);
  const double first_loss = now.loss;
  if (largest(now.g) <= options_.tolerance_grad) return first_loss;

  for (Index i = 1; i <= options_.max_iter; ++i) {
    choose_direction(now.g);
    length_ = options_.lr;
    if (iterations_ == 1) length_ *= std::min(1.0, 1 / sum_of_sizes(now.g));
    now.t = 0;
    now.slope = dot(now.g, direction_);
    if (now.slope > -options_.tolerance_change) break;

    start_ = flat();
    const double loss_before = now.loss, longest = largest(direction_);
    if (options_.line_search_fn == LineSearch::strong_wolfe) {
      now = search_line(now, length_, longest, [&](double t) {
        ++evaluations;
        move_to(t);
        return evaluate(loss, context, t);
      });
      length_ = now.t;
      move_to(length_);
    } else {
      move_to(length_);
      if (i == options_.max_iter) break;
      ++evaluations;
      now = evaluate(loss, context, length_);
    }
    if (evaluations >= max_eval || largest(now.g) <= options_.tolerance_grad ||
        std::abs(length_) * longest <= options_.tolerance_change ||
        std::abs(now.loss - loss_before) < options_.tolerance_change) {
      break;
    }
  }
  return first_loss;
}

template <class T>
std::vector<double> BasicLBFGS<T>::state() const {
  std::vector<double> state{options_.lr, static_cast<double>(iterations_), length_, scale_,
                            static_cast<double>(changes_.size())};
  const auto append = [&](const BasicTensor<T>& row) {
    state.insert(state.end(), row.data(), row.data() + row.numel());
  };
  if (iterations_ == 0) return state;
  append(direction_);
  append(gradient_);
  for (const Change& change : changes_) {
    append(change.y);
    append(change.s);
    state.push_back(change.rho);
  }
  return state;
}

template <class T>
void BasicLBFGS<T>::load_state(const std::vector<double>& state) {
  constexpr std::size_t scalars = 5;
  const auto n = static_cast<std::size_t>(numel_);
  const bool is_begun = state.size() > scalars;
  const double count = state.size() < scalars ? -1 : state[4];
  const double size = static_cast<double>(state.size() - std::min(state.size(), scalars));
  const double expected =
      is_begun ? 2 * static_cast<double>(n) + count * (2 * static_cast<double>(n) + 1) : 0;
  if (!(count >= 0) || !(count <= static_cast<double>(options_.history_size)) || size != expected ||
      (state[1] > 0) != is_begun) {
    detail::fail<ValueError>("LBFGS", "the state of ", state.size(), " numbers does not fit ",
                             numel_, " weights and history_size ", options_.history_size,
                             "; hint: load it over the same net, with the options, that it was "
                             "saved from");
  }
  set_learning_rate(state[0]);
  iterations_ = static_cast<Index>(state[1]);
  length_ = state[2];
  scale_ = state[3];
  changes_.clear();
  if (!is_begun) return;
  const double* from = state.data() + scalars;
  const auto take = [&] {
    auto row = BasicTensor<T>::empty({numel_});
    for (Index i = 0; i < numel_; ++i) row.data()[i] = static_cast<T>(*from++);
    return row;
  };
  direction_ = take();
  gradient_ = take();
  for (double i = 0; i < count; ++i) {
    Change change{take(), take(), 0};
    change.rho = *from++;
    changes_.push_back(std::move(change));
  }
}

template class BasicLBFGS<float>;
template class BasicLBFGS<double>;

}  // namespace tenon::optim
