#include "tensor/linear_cross_entropy.h"

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"
#include "tensor/linear.h"

namespace llmbox {

namespace {

// Logits of so many rows exist at a time: enough for the products to run near their best, 50 MB for a vocabulary of
// 49k.
constexpr int64_t kChunkRows = 512;

struct Head {
  at::Tensor weight, bias;
  LogitShape shape{};
};

at::Tensor shaped(const at::Tensor& product, const LogitShape& shape) {
  if (shape.softcap == 0) return shape.scale == 1 ? product : product * shape.scale;
  return at::tanh(product * (shape.scale / shape.softcap)) * shape.softcap;
}

/// d logit / d product, from the logits.
at::Tensor slope_of(const at::Tensor& logits, const LogitShape& shape) {
  if (shape.softcap == 0) return at::scalar_tensor(shape.scale, logits.options());
  return (1 - (logits / shape.softcap).square()) * shape.scale;
}

at::Tensor logits_of(const at::Tensor& hidden, const Head& head) {
  return at::linear(hidden, head.weight, head.bias.defined() ? std::optional(head.bias) : std::nullopt);
}

at::Tensor wide_logits(const at::Tensor& hidden, const Head& head) {
  const at::Tensor product = logits_of(hidden, head);
  return shaped(hidden.scalar_type() == at::kDouble ? product : product.to(at::kFloat), head.shape);
}

/// The loss of every row of logits (M, V); where `gradient`, the rows become softmax - onehot.
std::vector<RowLoss> row_losses(const at::Tensor& logits, const at::Tensor& labels, bool gradient) {
  const int64_t rows = logits.size(0), width = logits.size(1);
  std::vector<RowLoss> losses(rows);
  const int64_t* label = labels.const_data_ptr<int64_t>();
  by_type(logits, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().rows.row_loss;
    at::parallel_for(0, rows, row_grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        losses[r] = kernel(mutable_pointer<T>(logits) + r * width, width, label[r], gradient);
      }
    });
  });
  return losses;
}

/// Gradients as they are summed chunk by chunk: float32 sums, unless one chunk is all there is.
struct HeadGrads {
  at::Tensor hidden, weight, bias;
};

void add_to(at::Tensor& sum, const at::Tensor& part) {
  by_type(part, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().rows.accumulate;
    at::parallel_for(0, part.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
      kernel(pointer<T>(part) + begin, mutable_pointer<float>(sum) + begin, end - begin);
    });
  });
}

void collect(at::Tensor& sum, const at::Tensor& part, bool only) {
  if (only) {
    sum = part;
  } else if (!sum.defined()) {
    sum = part.to(at::kFloat, false, true);
  } else {
    add_to(sum, part);
  }
}

struct Wanted {
  bool hidden, weight, bias;
  bool any() const { return hidden || weight || bias; }
};

struct LossAndGrads {
  double loss = 0;
  HeadGrads grads;
};

/// hidden (M, E) of the rows that count, labels (M). Logits are computed once, chunk by chunk, and the gradients of the
/// sum of losses with them.
LossAndGrads chunked_loss(const at::Tensor& hidden, const Head& head, const at::Tensor& labels, const Wanted& wanted) {
  LossAndGrads result;
  HeadGrads& grads = result.grads;
  const int64_t n_row = hidden.size(0), chunks = (n_row + kChunkRows - 1) / kChunkRows;
  if (wanted.hidden) grads.hidden = at::empty(hidden.sizes(), hidden.options());
  for (int64_t c = 0; c < chunks; ++c) {
    const int64_t begin = c * kChunkRows, n = std::min(kChunkRows, n_row - begin);
    const at::Tensor rows = hidden.narrow(0, begin, n);
    at::Tensor logits = shaped(logits_of(rows, head), head.shape).contiguous();  // (n, V)
    const at::Tensor slope = head.shape.is_plain() ? at::Tensor() : slope_of(logits, head.shape);
    for (const RowLoss& row : row_losses(logits, labels.narrow(0, begin, n), wanted.any())) result.loss += row.nll;
    if (slope.defined() && wanted.any()) logits.mul_(slope);
    if (wanted.hidden) grads.hidden.narrow(0, begin, n).copy_(at::mm(logits, head.weight));
    if (wanted.weight) collect(grads.weight, at::mm(logits.t(), rows), chunks == 1);
    if (wanted.bias) collect(grads.bias, logits.sum(0, false, at::kFloat), chunks == 1);
  }
  return result;
}

/// grad · factor, rounded once to the parameter's dtype.
at::Tensor scaled(const at::Tensor& grad, float factor, at::ScalarType type) {
  if (!grad.defined()) return grad;
  if (grad.scalar_type() != at::kFloat) return factor == 1.0f ? grad : grad.mul(factor);
  const at::Tensor result = at::empty(grad.sizes(), grad.options().dtype(type));
  by_type(result, [&](auto kind) {
    using T = decltype(kind);
    const auto kernel = kernel_table().of<T>().rows.scale_into;
    at::parallel_for(0, grad.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
      kernel(pointer<float>(grad) + begin, factor, mutable_pointer<T>(result) + begin, end - begin);
    });
  });
  return result;
}

/// The rows that count, and which they are (undefined: all).
struct KeptRows {
  at::Tensor hidden, labels, which;
};

KeptRows keep_rows(const at::Tensor& hidden, const at::Tensor& labels) {
  const at::Tensor kept = labels.ne(kIgnoredLabel).nonzero().squeeze(1);
  if (kept.size(0) == labels.size(0)) return {hidden, labels, {}};
  return {hidden.index_select(0, kept), labels.index_select(0, kept), kept};
}

/// Which of n rows the kept ones are (undefined: all), and the type of the hidden states.
struct RowPlaces {
  at::Tensor which;
  int64_t n;
  at::ScalarType type;
};

/// Gradients of hidden states, weight and bias for an upstream gradient of `factor`.
std::vector<at::Tensor> scaled_gradients(const HeadGrads& grads, float factor, const RowPlaces& rows) {
  at::Tensor hidden = scaled(grads.hidden, factor, rows.type);
  if (hidden.defined() && rows.which.defined())
    hidden = at::zeros({rows.n, hidden.size(1)}, hidden.options()).index_copy_(0, rows.which, hidden);
  return {hidden, scaled(grads.weight, factor, rows.type), scaled(grads.bias, factor, rows.type)};
}

}  // namespace

at::Tensor linear_cross_entropy_naive(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                      const at::Tensor& labels, const LogitShape& shape) {
  return at::cross_entropy_loss(wide_logits(hidden, {weight, bias, shape}), labels, {}, at::Reduction::Sum,
                                kIgnoredLabel);
}

at::Tensor linear_cross_entropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& labels, const LogitShape& shape) {
  if (!kernels_take({hidden, weight, bias})) return linear_cross_entropy_naive(hidden, weight, bias, labels, shape);
  if (!needs_grad({hidden, weight, bias})) {
    const KeptRows kept = keep_rows(hidden.contiguous(), labels.contiguous());
    const double loss = chunked_loss(kept.hidden, {weight, bias, shape}, kept.labels, {false, false, false}).loss;
    return at::scalar_tensor(loss, hidden.options().dtype(at::kFloat));
  }
  const at::Tensor rows = hidden.contiguous();
  const KeptRows kept = keep_rows(rows, labels.contiguous());
  const auto grads = std::make_shared<HeadGrads>();
  const auto compute = [&] {
    const Wanted wanted{hidden.requires_grad(), weight.requires_grad(), bias.defined() && bias.requires_grad()};
    LossAndGrads result = chunked_loss(kept.hidden, {weight, bias, shape}, kept.labels, wanted);
    *grads = std::move(result.grads);
    if (wanted.weight && !grads->weight.defined()) grads->weight = at::zeros(weight.sizes(), weight.options());
    if (wanted.bias && !grads->bias.defined()) grads->bias = at::zeros(bias.sizes(), bias.options());
    return Computed{at::scalar_tensor(result.loss, hidden.options().dtype(at::kFloat)), {}};
  };
  // The forward pass has left the gradients, and this consumes them: the node can be walked once.
  return differentiable(
      {rows, weight, bias}, compute,
      [grads, which = kept.which, n = rows.size(0), type = rows.scalar_type()](const auto&, const at::Tensor& dy) {
        const HeadGrads left = std::exchange(*grads, {});
        return scaled_gradients(left, dy.item<float>(), {which, n, type});
      });
}

TokenScores linear_token_scores(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& targets) {
  const c10::InferenceMode inference;
  const int64_t n_row = hidden.size(0);
  TokenScores scores{at::empty({n_row}, hidden.options().dtype(at::kFloat)),
                     at::empty({n_row}, hidden.options().dtype(at::kBool))};
  const bool on_kernels = kernels_take({hidden, weight, bias});
  for (int64_t begin = 0; begin < n_row; begin += kChunkRows) {
    const int64_t n = std::min(kChunkRows, n_row - begin);
    const at::Tensor logits = llmbox::linear(hidden.narrow(0, begin, n), weight, bias).to(at::kFloat);
    const at::Tensor target = targets.narrow(0, begin, n).contiguous();
    if (on_kernels) {
      const std::vector<RowLoss> rows = row_losses(logits, target, false);
      for (int64_t r = 0; r < n; ++r) {
        scores.logprob.mutable_data_ptr<float>()[begin + r] = -rows[r].nll;
        scores.is_argmax.mutable_data_ptr<bool>()[begin + r] = rows[r].is_argmax;
      }
    } else {
      const at::Tensor chosen = logits.gather(1, target.unsqueeze(1)).squeeze(1);
      scores.logprob.narrow(0, begin, n).copy_(chosen - logits.logsumexp(1));
      scores.is_argmax.narrow(0, begin, n).copy_(logits.argmax(1).eq(target));
    }
  }
  return scores;
}

}  // namespace llmbox
