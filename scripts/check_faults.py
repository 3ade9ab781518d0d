#!/usr/bin/env python3
"""Plants faults in kernels and operations, one at a time, and says which ones the tests catch.

    scripts/check_faults.py [--only REGEX] [WORK_DIR]     hours on a busy machine

Works on a copy of the committed tree; faults in reference kernels are planted in a build of these. A
fault counts as caught when the tests of one of the named layers fail (or the compiler refuses it,
which it should not). Prints a Markdown table; fails where more than one fault survives."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = "src/kernels/reference/"
SIMD = "src/kernels/simd/"

# (file, text that stands there once, what it becomes, layers whose tests should notice)
FAULTS = [
    (KERNELS + "conv2d.cpp", "const Index first = q * d.dilation_w - d.pad_w;\n    for_each_output_run(d, begin, end, [&](Index i, Index j, Index n) {\n      const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;\n      const Inside in(first, d.stride_w, d.w, j, h >= 0 && h < d.h ? n : 0);\n      const T* pixel",
     "const Index first = q - d.pad_w;\n    for_each_output_run(d, begin, end, [&](Index i, Index j, Index n) {\n      const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;\n      const Inside in(first, d.stride_w, d.w, j, h >= 0 && h < d.h ? n : 0);\n      const T* pixel", "kernels"),
    (KERNELS + "conv2d.cpp", "first >= width ? 0 : (width - 1 - first) / stride + 1",
     "first >= width ? 0 : (width - 1 - first) / stride", "kernels"),
    (KERNELS + "conv2d.cpp", "std::fill_n(out + o * plan.positions, end - begin, b[group * plan.o + o]);",
     "std::fill_n(out + o * plan.positions, end - begin, b[o]);", "kernels"),
    (KERNELS + "conv2d.cpp", "plane >= (first + 1) * d.groups || begin > 0",
     "plane > first * d.groups || begin > 0", "kernels"),
    (KERNELS + "conv2d.cpp", "for (Index chunk = 1; chunk < chunks; ++chunk) total +=",
     "for (Index chunk = 1; chunk < chunks - 1; ++chunk) total +=", "kernels"),
    (KERNELS + "gemm_block.hpp", "const bool add = accumulate || p > 0;",
     "const bool add = accumulate;", "kernels"),
    (KERNELS + "gemm_block.hpp", "panel[p * width + q] = from[p * b.row + q * b.column];",
     "panel[p * width + q] = from[p * b.row + q];", "kernels"),
    (KERNELS + "gemm.cpp", "if (!accumulate) clear(d, c);", "", "kernels"),
    (KERNELS + "gemm.cpp", "c + i * d.c_batch + j, d.c_row, accumulate,",
     "c + i * d.c_batch + j, d.n, accumulate,", "kernels"),
    (KERNELS + "max_pool2d.cpp", "(v > y[j]) | ((v != v) & (y[j] == y[j]))",
     "(v >= y[j]) | ((v != v) & (y[j] == y[j]))", "kernels"),
    (KERNELS + "max_pool2d.cpp", "| ((v != v) & (y[j] == y[j]))", "", "kernels"),
    (KERNELS + "max_pool2d_scatter.hpp", "dx[argmax[k]] += is_off", "dx[argmax[k]] = is_off", "kernels"),
    (KERNELS + "softmax.cpp", "dx[k] = y[k] * (dy[k] - dot);", "dx[k] = y[k] * dy[k] - dot;",
     "kernels"),
    (KERNELS + "softmax.cpp", "const T e = std::exp(in[i * step] - m);",
     "const T e = std::exp(in[i * step]);", "kernels"),
    (KERNELS + "cross_entropy_backward.cpp", "const T hit = static_cast<T>(1 - d.label_smoothing) + smooth;",
     "const T hit = static_cast<T>(1 - d.label_smoothing);", "kernels"),
    (KERNELS + "bce_with_logits.cpp", "const T p = (x[i] < T(0) ? e : T(1)) / (T(1) + e);",
     "const T p = T(1) / (T(1) + e);", "kernels"),
    (SIMD + "dropout.cpp", "fourth = p0;", "fourth = p1;", "kernels"),
    (SIMD + "sgd.cpp", "buffer = f.first ? g : hn::Add(", "buffer = hn::Add(", "kernels"),
    (SIMD + "cross_entropy_backward.cpp", "gradient(row + labels[i], &label_gradient, 1, at_label);",
     "label_gradient = at_label[0];", "kernels"),
    (KERNELS + "sgd.cpp", "buffer[i] = first ? gradient : momentum", "buffer[i] = momentum",
     "kernels"),
    (KERNELS + "adam.cpp", "static_cast<T>(step.lr / step.bias_correction1)",
     "static_cast<T>(step.lr)", "kernels"),
    (KERNELS + "reduce.cpp", "if (bits & 1) total = waiting_[level][j] + total;",
     "if ((bits & 1) && level > 0) total = waiting_[level][j] + total;", "kernels"),
    (KERNELS + "reduce.cpp", "if (candidate > value || (candidate != candidate && value == value))",
     "if (candidate > value)", "kernels"),
    (KERNELS + "elementwise_loop.hpp", "coordinate[axis] = 0;\n      for (int k = 0; k < Inputs; ++k) offsets[k] -=",
     "coordinate[axis] = 0;\n      for (int k = 1; k < Inputs; ++k) offsets[k] -=", "kernels"),
    ("src/ops/arithmetic.cpp", "if (sweep.needs(1)) sweep.add(1, -detail::sum_to(sweep.dy(), sweep.shape(1)));",
     "if (sweep.needs(1)) sweep.add(1, detail::sum_to(sweep.dy(), sweep.shape(1)));", "ops"),
    ("src/ops/arithmetic.cpp", "if (sweep.needs(1)) sweep.add(1, -detail::sum_to(da * *y, sweep.shape(1)));",
     "if (sweep.needs(1)) sweep.add(1, -detail::sum_to(da, sweep.shape(1)));", "ops"),
    ("src/ops/conv2d_products.cpp", "if (sweep.needs(2)) sweep.add(2, sum(dy, {0, 2, 3}));",
     "if (sweep.needs(2)) sweep.add(2, mean(dy, {0, 2, 3}));", "ops"),
    ("src/ops/conv2d_products.cpp", "if (sweep.needs(1)) sweep.add(1, conv2d_backward_input(dims, *dy, sweep.dy()));",
     "if (sweep.needs(1)) sweep.add(1, conv2d_backward_input(dims, *dy, *dy));", "ops"),
    ("src/ops/softmax.cpp", "sweep.add(1, u * centred - *dy * sum(u * *y, {axis}, true));",
     "sweep.add(1, u * centred);", "ops"),
    ("src/ops/matmul.cpp", "if (dims.b_batch == 0 && dims.a_batch == dims.m * dims.a_row) {",
     "if (dims.b_batch == 0) {", "ops"),
    ("src/autograd/record.cpp", "sum = added(sum, g);", "sum = g;", "autograd ops"),
    ("src/autograd/view.cpp", "if (g.is_reshape()) return dy.reshape(g.base_shape);",
     "if (g.shape.numel() == g.base_shape.numel()) return dy.reshape(g.base_shape);",
     "autograd ops"),
    (KERNELS + "copy.cpp", "+=", "=", "kernels autograd"),
    (SIMD + "gemm.cpp", "store.accumulate = accumulate || p > 0;", "store.accumulate = accumulate;",
     "kernels"),
    (SIMD + "gemm.cpp", "if (p + depth == d.k) {", "if (p == 0) {", "kernels"),
    (SIMD + "tile.cpp", "hn::OddEvenBlocks(y[step], hn::SwapAdjacentBlocks(y[0]))",
     "hn::OddEvenBlocks(y[step], y[0])", "kernels"),
    (SIMD + "tile.cpp", "if (store.relu) sum = zero_where_not_positive(sum, sum);", "", "kernels"),
    (SIMD + "conv2d_plan.hpp", "const Index top = d.pad_h * row + d.pad_w,",
     "const Index top = d.pad_w * row + d.pad_h,", "kernels"),
    (SIMD + "conv2d.cpp", "store.relu = relu_;", "", "kernels"),
    (SIMD + "conv2d_backward_input.cpp", "turned.pad_h = d.dilation_h * (d.kh - 1) - d.pad_h;",
     "turned.pad_h = (d.kh - 1) - d.pad_h;", "kernels"),
    (SIMD + "conv2d_backward_weight.cpp", "plan_.start(n, i, 0)", "plan_.start(n, 0, 0)", "kernels"),
    (SIMD + "conv2d_depthwise.cpp", "if (first == 0) std::fill_n(own, plan.taps, 0.0);",
     "std::fill_n(own, plan.taps, 0.0);", "kernels"),
    (SIMD + "conv2d_depthwise.cpp", "plan_.positions, a, count + above_,", "plan_.positions, a, count,",
     "kernels"),
    (SIMD + "plane.cpp", "hn::IfThenElseZero(inside, hn::LoadU(d, pixels + u * s.row))",
     "hn::LoadU(d, pixels + u * s.row)", "kernels"),
    (SIMD + "elementwise.cpp", "hn::Or(hn::Gt(a, b), hn::IsNaN(a))", "hn::Gt(a, b)", "kernels"),
    (SIMD + "math-inl.hpp", "hn::Set(d, 0.041666463f)", "hn::Set(d, 0.04166f)", "kernels"),
    (SIMD + "max_pool2d.cpp", "hn::AndNot(hn::IsNaN(value), hn::IsNaN(v))", "hn::IsNaN(v)", "kernels"),
    (SIMD + "softmax.cpp", "const auto e = first<T>(exp(d, hn::Sub(load(x + i, count), m)), count);",
     "const auto e = exp(d, hn::Sub(load(x + i, count), m));", "kernels"),
    (SIMD + "adam.cpp", "hn::Mul(hn::Mul(hn::Set(d, f.fresh2), g), g)",
     "hn::Mul(hn::Set(d, f.fresh2), g)", "kernels"),
    (SIMD + "math-inl.hpp", "hn::IfThenElse(hn::Le(any, overflow), y, hn::Add(any, infinity))",
     "hn::IfThenElse(hn::Gt(any, overflow), infinity, y)", "kernels"),
    (SIMD + "winograd.cpp", "v[3] = hn::Sub(d1, d3);", "v[3] = hn::Sub(d3, d1);", "kernels"),
    (SIMD + "winograd.cpp", "q < 2 && 2 * t + q < columns", "q < 2", "kernels"),
    (SIMD + "winograd.cpp", "zeros = hn::MulAdd(value, zero, zeros);", "", "kernels"),
    (SIMD + "conv2d_winograd.cpp", "part > 0});", "false});", "kernels"),
    (SIMD + "conv2d_winograd.hpp", "2 - d.pad_h, 2 - d.pad_w", "2 - d.pad_w, 2 - d.pad_h", "kernels"),
    (SIMD + "conv2d_winograd_backward_weight.cpp", "accumulate || part > 0", "part > 0", "kernels"),
    (SIMD + "conv2d_winograd_backward_weight.cpp",
     "for (Index chunk = 1; chunk < chunks_.count(); ++chunk)",
     "for (Index chunk = 2; chunk < chunks_.count(); ++chunk)", "kernels"),
    (SIMD + "conv2d_sparse.cpp", "if (!kernels.all_finite(w, d.o * d.c * taps)) return false;", "",
     "kernels"),
    (SIMD + "conv2d_sparse.cpp", "t / d.kw * d.dilation_h, t % d.kw * d.dilation_w",
     "t / d.kw * d.dilation_w, t % d.kw * d.dilation_h", "kernels"),
    (SIMD + "sparse.cpp", "for (; k < count; ++k) add_pixel", "for (; k + 1 < count; ++k) add_pixel",
     "kernels"),
    (SIMD + "max_pool2d_backward.cpp", "for (Index w = 2 * d.out_w; w < d.w; ++w) line[w] = 0;", "",
     "kernels"),
    (SIMD + "max_pool2d_backward.cpp", "y == nullptr ? g : zero_where_not_positive(load_first(y + first, n), g)",
     "g", "kernels"),
    (SIMD + "adagrad.cpp", "decay == T(0) && eps > T(0)", "eps > T(0)", "kernels"),
    (SIMD + "bce_with_logits.cpp", "hn::Set(d, 0.142962679f)", "hn::Set(d, 0.14f)", "kernels"),
    (SIMD + "embedding.cpp", "for (; j + lanes<T> <= d; j += lanes<T>) {", "if (j + lanes<T> <= d) {",
     "kernels"),
    (KERNELS + "id_groups.hpp", "if (ids[i] != dims.padding_idx) ++starts_[ids[i] + 2];",
     "++starts_[ids[i] + 2];", "kernels"),
    (KERNELS + "masked.cpp", "(!(row[j] <= best[j]) && best[j] == best[j])", "row[j] > best[j]",
     "kernels"),
    (KERNELS + "rmsprop.cpp", "if (square < T(0)) square = T(0);", "", "kernels"),
    ("src/ops/embedding.cpp", "dims.padding_idx < 0 ? ddy : where(is_padding, 0, ddy)", "ddy", "ops"),
    ("src/ops/pad_sequence.cpp", "narrow(0, 0, sweep.shape(i)[0])", "narrow(0, 0, 1)", "ops"),
    (SIMD + "layer_norm.cpp", "rest(static_cast<T>((static_cast<double>(mean) - m) * r))", "rest(0)",
     "kernels"),
    (SIMD + "layer_norm.cpp", "store<T>(Plain ? h : hn::MulAdd(h, load(w + i, n), load(b + i, n)), out + i, n);",
     "store<T>(Plain ? h : hn::MulAdd(h, load(w + i, n), load(b, n)), out + i, n);", "kernels"),
    (SIMD + "batch_norm_backward.cpp", "const double dot = total.b + lost * total.a;",
     "const double dot = total.b;", "kernels"),
    ("src/ops/batch_norm.cpp", "count / (count - 1)", "1", "ops"),
    (SIMD + "attention.cpp", "if (largest > before) most = largest;", "most = largest;", "kernels"),
    (SIMD + "attention.cpp", "total *= shrink;", "", "kernels"),
    (SIMD + "attention_softmax.cpp", "for (Index j = n; j < width; ++j) s[j] = dp[j] = T(0);", "",
     "kernels"),
    (SIMD + "attention_softmax.cpp", "store<T>(hn::Mul(hn::Mul(p, slope), hn::Sub(g, centre)), dp + j, count);",
     "store<T>(hn::Mul(hn::Mul(p, slope), g), dp + j, count);", "kernels"),
    ("src/kernels/attention_rows.hpp", "i + d.query_offset + 1", "i + d.query_offset", "kernels"),
    ("src/ops/attention.cpp", "                 {0, values},", "                 {0, keys},", "ops"),
    ("src/ops/attention_call.cpp", "shape.at(-i) == 1 ? 0 : step", "step", "ops"),
    (KERNELS + "scan.cpp", "d.reverse ? -d.inner : d.inner", "d.reverse ? -1 : d.inner", "kernels"),
    (KERNELS + "index.cpp", "const T* from = x + o * d.length * d.inner;",
     "const T* from = x + o * d.count * d.inner;", "kernels"),
    (KERNELS + "index.cpp", "std::min(block, d.inner - first)", "std::min(block, d.inner)", "kernels"),
    (KERNELS + "sort.cpp", "} else if (bits != sign) {", "} else {", "kernels"),
    (KERNELS + "sort.cpp", "position < other.position", "position > other.position", "kernels"),
    (SIMD + "max_block.cpp", "nan = hn::Or(nan, hn::IsNaN(v));\n    m = hn::Max(m, v);\n  }\n  for (;", "m = hn::Max(m, v);\n  }\n  for (;", "kernels"),
    (KERNELS + "reduce.cpp", "std::fill_n(products, width, 1.0);", "", "kernels"),
    (SIMD + "softmax.cpp", "std::isfinite(m) ? m : T(0)", "m", "kernels"),
    ("src/ops/rearrange.cpp", "sweep.add(0, rolled(sweep.dy(), rest, axis));",
     "sweep.add(0, rolled(sweep.dy(), 0, axis));", "ops"),
    ("src/ops/index_put.cpp", "different += writer == none;", "++different;", "ops"),
    ("src/ops/reductions.cpp", " && std::isfinite(products.data()[i])", "", "ops"),
    (KERNELS + "axis_map.cpp", "for (; next < end; ++next) {", "for (; next + 1 < end; ++next) {", "kernels"),
    (KERNELS + "axis_map.cpp", "from += d.inputs * d.inner;", "from += d.outputs * d.inner;", "kernels"),
    (KERNELS + "adaptive_max_pool2d.cpp", "((i + 1) * size + outputs - 1) / outputs",
     "(i + 1) * size / outputs", "kernels"),
    (KERNELS + "avg_pool2d_plane.hpp", "std::min(first + axis.kernel, axis.size + axis.pad)",
     "first + axis.kernel", "kernels"),
    (KERNELS + "avg_pool2d_plane.hpp", "count_include_pad ? last - first : end - begin",
     "axis.kernel", "kernels"),
    (KERNELS + "ctc_loss.cpp", "symbol(state) != symbol(state - 2)", "true", "kernels"),
    (KERNELS + "ctc_loss.cpp", "arrived + sample.log_p(t, s)", "arrived + sample.log_p(t, s / 2 * 2)",
     "kernels"),
    ("src/ops/scan.cpp", "detail::shifted(*y, axis, true, T(1))", "detail::shifted(*y, axis, true, T(0))",
     "ops"),
    ("src/ops/max_unpool2d.cpp", "k / count * pixels + at] = k % count",
     "k / count * pixels + at] = 0", "ops"),
]


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def outcome(build, layers):
    """What the tests of the layers say of the tree as it is now."""
    for layer in layers.split():
        target = f"tenon_{layer}_tests"
        if run("cmake", "--build", build, "--target", target, "--parallel", "2").returncode != 0:
            return "does not compile"
        try:
            tests = run(f"{build}/tests/{target}", "~[timing]", "--abort", timeout=300)
        except subprocess.TimeoutExpired:
            return "caught"
        if tests.returncode != 0:
            return "caught"
    return "SURVIVED"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="faults in files whose path matches")
    parser.add_argument("work", nargs="?", help="where to build; a temporary folder by default")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if re.search(arguments.only, fault[0])]
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder) / "tree"
        run("git", "clone", "--quiet", str(ROOT), str(tree), check=True)
        work = pathlib.Path(arguments.work or folder)
        options = ["-DTENON_BUILD_EXAMPLES=OFF", "-DTENON_BUILD_BENCH=OFF"]
        if shutil.which("ccache"):
            options.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
        builds = {"ON": str(work / "simd"), "OFF": str(work / "portable")}
        for simd, build in builds.items():
            run("cmake", "-S", str(tree), "-B", build, "-G", "Ninja", f"-DTENON_SIMD={simd}", *options,
                check=True)
            if outcome(build, "kernels ops autograd") != "SURVIVED":
                sys.exit("the tests fail before any fault is planted")
        print("| # | file | fault | outcome |\n|---|---|---|---|")
        survived = 0
        for number, (path, old, new, layers) in enumerate(faults, 1):
            source = tree / path
            text = source.read_text()
            if old not in text:
                sys.exit(f"fault {number}: {path} no longer contains {old!r}")
            source.write_text(text.replace(old, new, 1))
            result = outcome(builds["OFF" if path.startswith(KERNELS) else "ON"], layers)
            source.write_text(text)
            os.utime(source)
            survived += result != "caught"
            shown = new.strip().splitlines()[0] if new.strip() else f"without {old.strip()}"
            print(f"| {number} | {path} | `{shown.replace('|', '&#124;')}` | {result} |", flush=True)
    print(f"\n{len(faults) - survived} of {len(faults)} faults caught")
    return survived > 1


if __name__ == "__main__":
    sys.exit(main())
