#include "tenon/data/dataset.hpp"

#include <array>
#include <cstring>

#include "tenon/base/random.hpp"

namespace tenon::data {

namespace {

/// shape without its first axis: that of one sample.
Shape sample_shape(const Shape& shape) {
  Shape sample = shape;
  sample.erase(0);
  return sample;
}

Shape batch_shape(Index count, const Shape& sample) {
  Shape shape = sample;
  shape.insert(0, count);
  return shape;
}

void check_samples(const char* op, const Shape& inputs, const Shape& labels) {
  if (inputs.rank() == 0 || labels.rank() == 0 || inputs[0] != labels[0]) {
    detail::fail<ShapeError>(
        op, "inputs and labels need one first size, that of the samples: ", "inputs ", inputs,
        ", labels ", labels, "; hint: reshape(), or narrow() the longer one");
  }
}

/// The position that i means, from the end where negative; limit itself is allowed.
Index checked_bound(const char* op, Index i, Index size) {
  const Index position = i < 0 ? i + size : i;
  if (position < 0 || position > size) {
    detail::fail<IndexError>(op, "position ", i, " lies outside the ", size,
                             " samples; hint: positions go from 0 to size(), or back from -1");
  }
  return position;
}

std::pair<Index, Index> checked_range(const char* op, Index begin, Index end, Index size) {
  const Index from = checked_bound(op, begin, size);
  const Index to = checked_bound(op, end, size);
  if (from > to) {
    detail::fail<IndexError>(op, "the range from ", begin, " to ", end,
                             " runs backwards; hint: subset(positions) gives any order");
  }
  return {from, to};
}

template <class T>
void copy_rows(const T* rows, Index row_size, const Index* positions, Index count, T* out) {
  const auto bytes = static_cast<std::size_t>(row_size) * sizeof(T);
  if (bytes == 0) return;
  for (Index i = 0; i < count; ++i) {
    std::memcpy(out + i * row_size, rows + positions[i] * row_size, bytes);
  }
}

template <class X, class Y>
class TensorSource : public Source<X, Y> {
 public:
  TensorSource(const X& inputs, const Y& labels)
      : inputs_(inputs.detach().contiguous()), labels_(labels.detach().contiguous()) {}

  Index size() const override { return inputs_.size(0); }
  Shape input_shape() const override { return sample_shape(inputs_.shape()); }
  Shape label_shape() const override { return sample_shape(labels_.shape()); }
  void read(const Index* positions, Index count, typename X::value_type* inputs,
            typename Y::value_type* labels) const override {
    copy_rows(inputs_.data(), input_shape().numel(), positions, count, inputs);
    read_labels(positions, count, labels);
  }
  void read_labels(const Index* positions, Index count,
                   typename Y::value_type* labels) const override {
    copy_rows(labels_.data(), label_shape().numel(), positions, count, labels);
  }

 private:
  X inputs_;
  Y labels_;
};

class ImageSource : public Source<Tensor, LongTensor> {
 public:
  ImageSource(const ByteTensor& pixels, const LongTensor& labels)
      : pixels_(pixels.contiguous()), labels_(labels.contiguous()) {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = static_cast<float>(i) / 255;
  }

  Index size() const override { return pixels_.size(0); }
  Shape input_shape() const override { return sample_shape(pixels_.shape()); }
  Shape label_shape() const override { return sample_shape(labels_.shape()); }
  void read(const Index* positions, Index count, float* inputs,
            std::int64_t* labels) const override {
    const Index pixels = input_shape().numel();
    for (Index i = 0; i < count; ++i, inputs += pixels) {
      const std::uint8_t* image = pixels_.data() + positions[i] * pixels;
      for (Index p = 0; p < pixels; ++p) inputs[p] = values_[image[p]];
    }
    read_labels(positions, count, labels);
  }
  void read_labels(const Index* positions, Index count, std::int64_t* labels) const override {
    copy_rows(labels_.data(), label_shape().numel(), positions, count, labels);
  }

 private:
  ByteTensor pixels_;
  LongTensor labels_;
  std::array<float, 256> values_;
};

template <class X, class Y>
std::shared_ptr<const Source<X, Y>> tensor_source(const X& inputs, const Y& labels) {
  check_samples("TensorDataset", inputs.shape(), labels.shape());
  return std::make_shared<TensorSource<X, Y>>(inputs, labels);
}

std::shared_ptr<const Source<Tensor, LongTensor>> image_source(const ByteTensor& pixels,
                                                               const LongTensor& labels) {
  check_samples("ImageDataset", pixels.shape(), labels.shape());
  return std::make_shared<ImageSource>(pixels, labels);
}

}  // namespace

template <class X, class Y>
BasicDataset<X, Y>::BasicDataset(std::shared_ptr<const Source<X, Y>> source)
    : source_(std::move(source)) {
  if (source_ == nullptr) {
    detail::fail<ValueError>("BasicDataset",
                             "the source is null; hint: ", "std::make_shared<YourSource>(...)");
  }
  size_ = source_->size();
}

template <class X, class Y>
Batch<X, Y> BasicDataset<X, Y>::batch(Index begin, Index end) const {
  const auto [from, to] = checked_range("batch", begin, end, size_);
  Batch<X, Y> result{X::empty(batch_shape(to - from, input_shape())),
                     Y::empty(batch_shape(to - from, label_shape()))};
  std::vector<Index> positions;
  for (Index i = from; i < to; ++i) positions.push_back(source_position(i));
  source_->read(positions.data(), to - from, result.inputs.data(), result.labels.data());
  return result;
}

template <class X, class Y>
Y BasicDataset<X, Y>::labels() const {
  Y result = Y::empty(batch_shape(size_, label_shape()));
  std::vector<Index> positions;
  for (Index i = 0; i < size_; ++i) positions.push_back(source_position(i));
  source_->read_labels(positions.data(), size_, result.data());
  return result;
}

template <class X, class Y>
BasicDataset<X, Y> BasicDataset<X, Y>::subset(Index begin, Index end) const {
  const auto [from, to] = checked_range("subset", begin, end, size_);
  BasicDataset result = *this;
  result.begin_ += from;
  result.size_ = to - from;
  return result;
}

template <class X, class Y>
BasicDataset<X, Y> BasicDataset<X, Y>::subset(const std::vector<Index>& positions) const {
  auto chosen = std::make_shared<std::vector<Index>>();
  chosen->reserve(positions.size());
  for (Index i : positions) {
    const Index position = checked_bound("subset", i, size_);
    if (position == size_) {
      detail::fail<IndexError>("subset", "position ", i, " lies outside the ", size_,
                               " samples; hint: the last one is ", size_ - 1);
    }
    chosen->push_back(source_position(position));
  }
  BasicDataset result = *this;
  result.size_ = static_cast<Index>(chosen->size());
  result.positions_ = std::move(chosen);
  result.begin_ = 0;
  return result;
}

template <class X, class Y>
std::pair<BasicDataset<X, Y>, BasicDataset<X, Y>> BasicDataset<X, Y>::split(Index count) const {
  const Index middle = checked_bound("split", count, size_);
  return {subset(0, middle), subset(middle, size_)};
}

template <class X, class Y>
TensorDataset<X, Y>::TensorDataset(const X& inputs, const Y& labels)
    : BasicDataset<X, Y>(tensor_source(inputs, labels)) {}

ImageDataset::ImageDataset(const ByteTensor& pixels, const LongTensor& labels)
    : Dataset(image_source(pixels, labels)) {}

template <class X, class Y>
std::pair<BasicDataset<X, Y>, BasicDataset<X, Y>> random_split(const BasicDataset<X, Y>& dataset,
                                                               Index count, std::uint64_t seed) {
  // A stream of its own, so that equal seeds elsewhere draw other numbers.
  constexpr std::uint64_t stream = 0x72616e646f6d7370;
  std::vector<Index> order(static_cast<std::size_t>(dataset.size()));
  detail::fill_permutation(order.data(), dataset.size(), {seed, stream});
  return dataset.subset(order).split(count);
}

#define TENON_INSTANTIATE(X, Y)                                            \
  template class BasicDataset<X, Y>;                                       \
  template class TensorDataset<X, Y>;                                      \
  template std::pair<BasicDataset<X, Y>, BasicDataset<X, Y>> random_split( \
      const BasicDataset<X, Y>&, Index, std::uint64_t);
TENON_INSTANTIATE(Tensor, LongTensor)
TENON_INSTANTIATE(Tensor, Tensor)
TENON_INSTANTIATE(DoubleTensor, LongTensor)
TENON_INSTANTIATE(DoubleTensor, DoubleTensor)
TENON_INSTANTIATE(LongTensor, LongTensor)
TENON_INSTANTIATE(LongTensor, Tensor)
#undef TENON_INSTANTIATE

}  // namespace tenon::data
