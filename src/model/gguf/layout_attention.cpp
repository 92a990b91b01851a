#include <ATen/ATen.h>

#include <cmath>
#include <numeric>

#include "core/error.h"
#include "model/gguf/layout_parts.h"

namespace llmbox {

namespace {

/// Rows of q, k and v within the hub's one product.
struct QkvRows {
  RowOrder q, k, v;
};

QkvRows qkv_rows(const AttentionSpec& a, const std::string& where) {
  QkvRows rows;
  const int64_t d = a.head_dim, group = a.n_head / a.n_kv_head;
  if (a.layout == QkvLayout::fused) {
    append_rows(rows.q, 0, a.n_head * d);
    append_rows(rows.k, a.n_head * d, a.n_kv_head * d);
    append_rows(rows.v, (a.n_head + a.n_kv_head) * d, a.n_kv_head * d);
  } else if (a.layout == QkvLayout::grouped) {
    for (int64_t head = 0; head < a.n_kv_head; ++head) {
      const int64_t first = head * (group + 2) * d;
      append_rows(rows.q, first, group * d);
      append_rows(rows.k, first + group * d, d);
      append_rows(rows.v, first + (group + 1) * d, d);
    }
  } else {
    fail(where, "expected q, k and v in an order that GGUF knows, got another one");
  }
  return rows;
}

/// llama.cpp rotates neighbours here and the hub halves: each head's rows are taken alternately from the halves.
RowOrder paired(const RowOrder& rows, int64_t head_dim, int64_t rotated) {
  RowOrder order;
  for (size_t head = 0; head < rows.size(); head += static_cast<size_t>(head_dim)) {
    for (int64_t i = 0; i < head_dim; ++i) {
      const int64_t from = i >= rotated ? i : i / 2 + (i % 2) * (rotated / 2);
      order.push_back(rows[head + static_cast<size_t>(from)]);
    }
  }
  return order;
}

RowOrder all_rows(int64_t count) {
  RowOrder rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

RowOrder turned_rows(const LayoutScope& scope, const AttentionSpec& a, const RowOrder& rows) {
  const bool pairs = scope.family.rotates_pairs && !scope.spec.ropes.empty() && !scope.spec.ropes[0].interleaved;
  return pairs ? paired(rows, a.head_dim, scope.spec.ropes[0].dim) : rows;
}

void fused_qkv(const LayoutScope& scope, const AttentionSpec& a, const std::string& block) {
  const LinearSpec& linear = a.qkv[0];
  if (linear.transposed && a.layout == QkvLayout::fused) return scope.builder.linear(linear, block + "attn_qkv");
  QkvRows rows = qkv_rows(a, linear.name);
  rows.q = turned_rows(scope, a, rows.q);
  rows.k = turned_rows(scope, a, rows.k);
  if (scope.family.splits_qkv)
    return scope.builder.split(linear,
                               {{block + "attn_q", rows.q}, {block + "attn_k", rows.k}, {block + "attn_v", rows.v}});
  RowOrder order = rows.q;
  order.insert(order.end(), rows.k.begin(), rows.k.end());
  order.insert(order.end(), rows.v.begin(), rows.v.end());
  scope.builder.linear(linear, block + "attn_qkv", {order});
}

/// llama.cpp wants keys and values in layers that read an earlier one's, though it does not read them: copies of those.
void shared_keys(const LayoutScope& scope, const AttentionSpec& a, const std::string& block) {
  const AttentionSpec& source = scope.spec.layers.at(static_cast<size_t>(a.shared_with)).attention;
  for (const auto& [part, name] : {std::pair(1, "attn_k"), std::pair(2, "attn_v")}) {
    const LinearSpec& linear = source.qkv.at(static_cast<size_t>(part));
    scope.builder.copied(linear.name + ".weight", {linear.out, linear.in}, block + name + ".weight", 1);
  }
  if (source.k_norm)
    scope.builder.copied(source.k_norm->name + ".weight", {source.k_norm->size}, block + "attn_k_norm.weight", 1);
}

void latent(const LayoutScope& scope, const AttentionSpec& a, const std::string& block) {
  const LatentSpec& l = *a.latent;
  if (l.q_down) scope.builder.linear(*l.q_down, block + "attn_q_a");
  scope.builder.norm(l.q_norm, block + "attn_q_a_norm");
  scope.builder.linear(l.q_up, block + (l.q_down ? "attn_q_b" : "attn_q"));
  scope.builder.linear(l.kv_down, block + "attn_kv_a_mqa");
  scope.builder.norm(l.kv_norm, block + "attn_kv_a_norm");
  if (!scope.family.splits_latent) return scope.builder.linear(l.kv_up, block + "attn_kv_b");
  // Keys are held the other way round: llama.cpp multiplies the query by them and attends in the latent space.
  const int64_t heads = a.n_head, key = l.nope_dim, value = a.value_dim(), rank = l.kv_up.in;
  const auto of_heads = [=](const at::Tensor& w) { return w.reshape({heads, key + value, rank}); };
  scope.builder.joined(l.kv_up.name + ".weight", {l.kv_up.out, rank},
                       {{block + "attn_k_b.weight",
                         {heads, rank, key},
                         {},
                         [=](const auto& parts) { return of_heads(parts[0]).narrow(1, 0, key).transpose(1, 2); }},
                        {block + "attn_v_b.weight",
                         {heads, value, rank},
                         {},
                         [=](const auto& parts) { return of_heads(parts[0]).narrow(1, key, value); }}},
                       [=](const auto& parts) {
                         return at::cat({parts[0].transpose(1, 2), parts[1]}, 1).reshape({heads * (key + value), rank});
                       });
}

}  // namespace

void lay_attention(const LayoutScope& scope, const AttentionSpec& a, const BranchScale& scale,
                   const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  const bool folds = scope.family.folds_scales;
  if (a.latent) {
    latent(scope, a, block);
  } else if (a.layout == QkvLayout::separate) {
    // A constant on the keys is in the spec's scale of the scores.
    const double key = folds ? a.scale * std::sqrt(static_cast<double>(a.head_dim)) : 1, in = folds ? scale.in : 1;
    builder.linear(a.qkv[0], block + "attn_q", {turned_rows(scope, a, all_rows(a.qkv[0].out)), in});
    if (a.shared_with >= 0) {
      shared_keys(scope, a, block);
    } else {
      builder.linear(a.qkv[1], block + "attn_k", {turned_rows(scope, a, all_rows(a.qkv[1].out)), in, {key}});
      builder.linear(a.qkv[2], block + "attn_v", {{}, in});
    }
  } else {
    fused_qkv(scope, a, block);
  }
  builder.norm(a.q_norm, block + "attn_q_norm");
  builder.norm(a.k_norm, block + "attn_k_norm");
  if (a.relative && a.relative->name.starts_with(a.name))  // of the stack's first layer
    builder.tensor(a.relative->name + ".weight", {a.relative->n_bucket, a.n_head}, block + "attn_rel_b.weight");
  if (a.has_sinks) builder.tensor(a.name + ".sinks", {a.n_head}, block + "attn_sinks.weight");
  builder.linear(a.out, block + scope.family.attention_out, {{}, 1, {folds ? scale.out : 1}});
}

}  // namespace llmbox
