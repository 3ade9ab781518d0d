#pragma once

#include <vector>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

/// Learning rates as functions of the step. A schedule is a few numbers and no state, so that a run
/// that is resumed at step n goes on where it was:
///
///   const optim::WarmupCosine schedule{.lr = 1e-3, .warmup_steps = 100, .total_steps = 5000};
///   for (Index step = 0; step < 5000; ++step) {
///     adam.set_learning_rate(schedule(step));
///     ...
///     adam.step(tape.gradients(loss));
///   }
///
/// The step counts from 0: it is the number of changes made before, of PyTorch's scheduler.step()
/// calls. Where one learning rate holds for an epoch, call the schedule with the epoch. All throw
/// ValueError for a negative step and for a field that is out of its range.
namespace tenon::optim {

/// lr gamma^floor(step / step_size). As torch.optim.lr_scheduler.StepLR.
struct StepLR {
  double lr = 1e-3;     ///< at the start, >= 0
  Index step_size = 1;  ///< steps between two changes, >= 1
  double gamma = 0.1;   ///< factor of each change, >= 0
  TENON_API double operator()(Index step) const;
};

/// lr gamma^(number of milestones that are <= step). As torch.optim.lr_scheduler.MultiStepLR.
struct MultiStepLR {
  double lr = 1e-3;                    ///< at the start, >= 0
  std::vector<Index> milestones = {};  ///< steps at which it changes, each >= 0, in any order
  double gamma = 0.1;                  ///< factor of each change, >= 0
  TENON_API double operator()(Index step) const;
};

/// lr gamma^step. As torch.optim.lr_scheduler.ExponentialLR.
struct ExponentialLR {
  double lr = 1e-3;    ///< at the start, >= 0
  double gamma = 0.9;  ///< factor of each step, >= 0
  TENON_API double operator()(Index step) const;
};

/// lr (1 - step / total_iters)^power, and 0 from step total_iters on. As
/// torch.optim.lr_scheduler.PolynomialLR.
struct PolynomialLR {
  double lr = 1e-3;       ///< at the start, >= 0
  Index total_iters = 5;  ///< >= 1
  double power = 1;       ///< >= 0
  TENON_API double operator()(Index step) const;
};

/// lr times a factor that goes from start_factor to end_factor in total_iters steps, linearly, and
/// stays there. As torch.optim.lr_scheduler.LinearLR.
struct LinearLR {
  double lr = 1e-3;               ///< >= 0
  double start_factor = 1.0 / 3;  ///< >= 0
  double end_factor = 1;          ///< >= 0
  Index total_iters = 5;          ///< >= 1
  TENON_API double operator()(Index step) const;
};

/// eta_min + (lr - eta_min) (1 + cos(pi step / t_max)) / 2: down to eta_min at step t_max, and up
/// again after it. As torch.optim.lr_scheduler.CosineAnnealingLR.
/// Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
/// 2017.
struct CosineAnnealingLR {
  double lr = 1e-3;    ///< at the start, >= 0
  Index t_max = 1;     ///< steps of one way down, >= 1
  double eta_min = 0;  ///< the least learning rate, >= 0
  TENON_API double operator()(Index step) const;
};

/// Half a cosine from lr down to eta_min again and again: the first takes t_0 steps, each of the
/// others t_mult times as many as the one before it. As
/// torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.
/// Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
/// 2017.
struct CosineAnnealingWarmRestarts {
  double lr = 1e-3;    ///< after each restart, >= 0
  Index t_0 = 1;       ///< steps before the first restart, >= 1
  Index t_mult = 1;    ///< >= 1
  double eta_min = 0;  ///< the least learning rate, >= 0
  TENON_API double operator()(Index step) const;
};

/// How OneCycleLR goes from one learning rate to the next: by half a cosine, or straight.
enum class Anneal { cosine, linear };

/// Up from max_lr / div_factor to max_lr, reached at step pct_start total_steps - 1, and down to
/// max_lr / div_factor / final_div_factor, reached at step total_steps - 1 and kept. As
/// torch.optim.lr_scheduler.OneCycleLR with cycle_momentum=False.
/// Source: Smith and Topin, "Super-convergence", 2018.
struct OneCycleLR {
  double max_lr = 1e-3;    ///< >= 0
  Index total_steps = 1;   ///< steps of the whole training, >= 1
  double pct_start = 0.3;  ///< share of the steps that go up, in [0, 1]
  Anneal anneal_strategy = Anneal::cosine;
  double div_factor = 25;         ///< > 0
  double final_div_factor = 1e4;  ///< > 0
  TENON_API double operator()(Index step) const;
};

/// lr step / warmup_steps for the first warmup_steps, then lr. With warmup_steps = 0 it is a
/// constant.
struct WarmupConstant {
  double lr = 1e-3;        ///< after the warm-up, >= 0
  Index warmup_steps = 0;  ///< >= 0
  TENON_API double operator()(Index step) const;
};

/// lr step / warmup_steps for the first warmup_steps, then straight down to min_lr, reached at
/// total_steps and kept. With min_lr = 0 as get_linear_schedule_with_warmup of Hugging Face.
struct WarmupLinear {
  double lr = 1e-3;        ///< after the warm-up, >= 0
  Index warmup_steps = 0;  ///< >= 0
  Index total_steps = 1;   ///< > warmup_steps
  double min_lr = 0;       ///< >= 0
  TENON_API double operator()(Index step) const;
};

/// The same with half a cosine on the way down, as get_cosine_schedule_with_warmup of Hugging Face:
///   min_lr + (lr - min_lr) (1 + cos(pi (step - warmup_steps) / (total_steps - warmup_steps))) / 2
struct WarmupCosine {
  double lr = 1e-3;        ///< after the warm-up, >= 0
  Index warmup_steps = 0;  ///< >= 0
  Index total_steps = 1;   ///< > warmup_steps
  double min_lr = 0;       ///< >= 0
  TENON_API double operator()(Index step) const;
};

/// lr step / warmup_steps for the first warmup_steps, then lr sqrt(warmup_steps / step). With
/// lr = 1 / sqrt(d_model warmup_steps) it is the schedule of Vaswani et al., "Attention is all you
/// need", 2017, equation 3.
struct WarmupInverseSqrt {
  double lr = 1e-3;        ///< the greatest, at the end of the warm-up, >= 0
  Index warmup_steps = 1;  ///< >= 1
  TENON_API double operator()(Index step) const;
};

/// One schedule after another: first(step) before the milestone, second(step - milestone) from it
/// on. Either may be any function of the step that returns a double, another SequentialLR among
/// them:
///   SequentialLR{WarmupConstant{.lr = 0.1, .warmup_steps = 100}, 100, StepLR{.lr = 0.1}}
/// As torch.optim.lr_scheduler.SequentialLR.
template <class First, class Second>
struct SequentialLR {
  First first;
  Index milestone = 0;  ///< steps of the first one
  Second second;
  double operator()(Index step) const {
    return step < milestone ? first(step) : second(step - milestone);
  }
};
template <class First, class Second>
SequentialLR(First, Index, Second) -> SequentialLR<First, Second>;

/// The product of two functions of the step: a schedule, and one whose lr is 1, which makes it a
/// factor.
///   ChainedLR{ExponentialLR{.lr = 0.1}, LinearLR{.lr = 1}}
/// As torch.optim.lr_scheduler.ChainedScheduler of schedulers that multiply.
template <class First, class Second>
struct ChainedLR {
  First first;
  Second second;
  double operator()(Index step) const { return first(step) * second(step); }
};
template <class First, class Second>
ChainedLR(First, Second) -> ChainedLR<First, Second>;

}  // namespace tenon::optim
