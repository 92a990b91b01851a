#include "model/gguf/layout.h"

#include <ATen/ATen.h>

#include <numeric>

#include "core/error.h"
#include "model/gguf/layout_builder.h"

namespace llmbox {

namespace {

/// Rows of q, k and v within the hub's one product.
struct QkvRows {
  RowOrder q, k, v;
};

void append(RowOrder& rows, int64_t first, int64_t count) {
  for (int64_t i = 0; i < count; ++i) rows.push_back(first + i);
}

QkvRows qkv_rows(const AttentionSpec& a, const std::string& where) {
  QkvRows rows;
  const int64_t d = a.head_dim, group = a.n_head / a.n_kv_head;
  if (a.layout == QkvLayout::fused) {
    append(rows.q, 0, a.n_head * d);
    append(rows.k, a.n_head * d, a.n_kv_head * d);
    append(rows.v, (a.n_head + a.n_kv_head) * d, a.n_kv_head * d);
  } else if (a.layout == QkvLayout::grouped) {
    for (int64_t head = 0; head < a.n_kv_head; ++head) {
      const int64_t first = head * (group + 2) * d;
      append(rows.q, first, group * d);
      append(rows.k, first + group * d, d);
      append(rows.v, first + (group + 1) * d, d);
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

class SpecLayout {
 public:
  SpecLayout(const ModelSpec& spec, const GgufFamily& family) : spec_(spec), family_(family) {}

  GgufLayout make() {
    if (spec_.has_encoder() || spec_.project_in || spec_.project_out || spec_.head_transform || spec_.is_classifier ||
        spec_.prefix || spec_.streams || spec_.layer_inputs)
      refuse("a decoder's parts only");
    embedding(spec_.embedding, "token_embd");
    if (spec_.positions) embedding(*spec_.positions, "position_embd");
    if (spec_.token_types) embedding(*spec_.token_types, "token_types");
    builder_.norm(spec_.embedding_norm, "token_embd_norm");
    for (size_t i = 0; i < spec_.layers.size(); ++i) layer(spec_.layers[i], "blk." + std::to_string(i) + ".");
    builder_.norm(spec_.final_norm, "output_norm");
    if (!spec_.tied_head) builder_.linear(spec_.head, "output");
    if (spec_.tied_head && spec_.head.has_bias)
      builder_.tensor(spec_.head.name + ".bias", {spec_.head.out}, "output.bias");
    return builder_.take();
  }

 private:
  [[noreturn]] void refuse(const char* expected) const {
    fail(spec_.model_type, "expected {}: GGUF has no place for what this model has", expected);
  }

  void embedding(const EmbeddingSpec& spec, const std::string& gguf) {
    builder_.tensor(spec.name + ".weight", {spec.rows, spec.size}, gguf + ".weight");
  }

  void layer(const LayerSpec& layer, const std::string& block) {
    if (layer.cross || layer.delta || layer.conv || layer.mamba2 || layer.lightning || layer.time_mix)
      refuse("attention or Mamba in every layer");
    const bool two_at_once = layer.residual == Residual::parallel && layer.before_ffn && family_.swaps_parallel_norms;
    builder_.norm(layer.before_attention, block + (two_at_once ? "attn_norm_2" : "attn_norm"));
    if (layer.mamba) mamba(*layer.mamba, block);
    if (layer.attention.n_head > 0) attention(layer.attention, block);
    builder_.norm(layer.after_attention, block + "post_attention_norm");
    builder_.norm(layer.before_ffn, block + (two_at_once ? "attn_norm" : family_.ffn_norm));
    if (layer.moe) {
      moe(*layer.moe, block);
    } else if (layer.has_ffn()) {
      ffn(layer.ffn, block, "");
    }
    builder_.norm(layer.after_ffn, block + "post_ffw_norm");
  }

  RowOrder turned_rows(const AttentionSpec& a, const RowOrder& rows) const {
    const bool pairs = family_.rotates_pairs && !spec_.ropes.empty() && !spec_.ropes[0].interleaved;
    return pairs ? paired(rows, a.head_dim, spec_.ropes[0].dim) : rows;
  }

  void attention(const AttentionSpec& a, const std::string& block) {
    if (a.gated || a.relative) refuse("plain attention");
    if (a.latent) {
      latent(a, block);
    } else if (a.layout == QkvLayout::separate) {
      builder_.linear(a.qkv[0], block + "attn_q", turned_rows(a, all_rows(a.qkv[0].out)));
      builder_.linear(a.qkv[1], block + "attn_k", turned_rows(a, all_rows(a.qkv[1].out)));
      builder_.linear(a.qkv[2], block + "attn_v");
    } else {
      fused_qkv(a, block);
    }
    builder_.norm(a.q_norm, block + "attn_q_norm");
    builder_.norm(a.k_norm, block + "attn_k_norm");
    if (a.has_sinks) builder_.tensor(a.name + ".sinks", {a.n_head}, block + "attn_sinks.weight");
    builder_.linear(a.out, block + "attn_output");
  }

  void fused_qkv(const AttentionSpec& a, const std::string& block) {
    const LinearSpec& linear = a.qkv[0];
    if (linear.transposed && a.layout == QkvLayout::fused) return builder_.linear(linear, block + "attn_qkv");
    QkvRows rows = qkv_rows(a, linear.name);
    rows.q = turned_rows(a, rows.q);
    rows.k = turned_rows(a, rows.k);
    if (family_.splits_qkv)
      return builder_.split(linear,
                            {{block + "attn_q", rows.q}, {block + "attn_k", rows.k}, {block + "attn_v", rows.v}});
    RowOrder order = rows.q;
    order.insert(order.end(), rows.k.begin(), rows.k.end());
    order.insert(order.end(), rows.v.begin(), rows.v.end());
    builder_.linear(linear, block + "attn_qkv", order);
  }

  void latent(const AttentionSpec& a, const std::string& block) {
    const LatentSpec& l = *a.latent;
    if (l.q_down) builder_.linear(*l.q_down, block + "attn_q_a");
    builder_.norm(l.q_norm, block + "attn_q_a_norm");
    builder_.linear(l.q_up, block + (l.q_down ? "attn_q_b" : "attn_q"));
    builder_.linear(l.kv_down, block + "attn_kv_a_mqa");
    builder_.norm(l.kv_norm, block + "attn_kv_a_norm");
    if (!family_.splits_latent) return builder_.linear(l.kv_up, block + "attn_kv_b");
    // Keys are held the other way round: llama.cpp multiplies the query by them and attends in the latent space.
    const int64_t heads = a.n_head, key = l.nope_dim, value = a.value_dim(), rank = l.kv_up.in;
    const auto of_heads = [=](const at::Tensor& w) { return w.reshape({heads, key + value, rank}); };
    builder_.joined(l.kv_up.name + ".weight", {l.kv_up.out, rank},
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

  void ffn(const FfnSpec& ffn, const std::string& block, const std::string& end) {
    if (ffn.gate) builder_.linear(*ffn.gate, block + "ffn_gate" + end);
    builder_.linear(ffn.up, block + "ffn_up" + end);
    builder_.linear(ffn.down, block + "ffn_down" + end);
  }

  void moe(const MoeSpec& moe, const std::string& block) {
    builder_.linear(moe.router.gate, block + "ffn_gate_inp");
    if (!moe.router.correction.empty()) {
      const std::vector<int64_t> row = {1, moe.n_expert}, flat = {moe.n_expert};
      builder_.tensor(moe.router.correction, moe.router.correction_is_row ? row : flat, block + "exp_probs_b.bias",
                      flat);
    }
    if (moe.fused) {
      fused_experts(*moe.fused, moe, block);
    } else {
      const auto all = [&](auto part) {
        std::vector<LinearSpec> linears;
        for (const FfnSpec& expert : moe.experts) linears.push_back(part(expert));
        return linears;
      };
      builder_.stacked(all([](const FfnSpec& e) { return e.gate.value(); }), block + "ffn_gate_exps");
      builder_.stacked(all([](const FfnSpec& e) { return e.up; }), block + "ffn_up_exps");
      builder_.stacked(all([](const FfnSpec& e) { return e.down; }), block + "ffn_down_exps");
    }
    if (moe.shared) ffn(*moe.shared, block, "_shexp");
    if (moe.shared_gate)
      builder_.tensor(moe.shared_gate->name + ".weight", {1, moe.shared_gate->in}, block + "ffn_gate_inp_shexp.weight",
                      {moe.shared_gate->in});
  }

  /// [experts, out, in] of gate, up and down each; the hub has gate and up in one, half by half or alternately.
  void fused_experts(const FusedExpertsSpec& fused, const MoeSpec& moe, const std::string& block) {
    const int64_t experts = moe.n_expert, inner = fused.inner, width = moe.router.gate.in;
    const bool turned = fused.transposed, alternate = fused.interleaved;
    const auto half = [=](const at::Tensor& both, int64_t which) {
      return alternate ? both.slice(1, which, std::nullopt, 2) : both.narrow(1, which * inner, inner);
    };
    const auto cut = [=](int64_t which) {
      return [=](const std::vector<at::Tensor>& parts) {
        return half(turned && parts[0].dim() == 3 ? parts[0].transpose(1, 2) : parts[0], which);
      };
    };
    const auto both = [=](const std::vector<at::Tensor>& parts) {
      const at::Tensor whole = alternate ? at::stack(parts, 2).flatten(1, 2) : at::cat(parts, 1);
      return turned && whole.dim() == 3 ? whole.transpose(1, 2) : whole;
    };
    const auto shape = [=](int64_t out, int64_t in) {
      return turned ? std::vector<int64_t>{experts, in, out} : std::vector<int64_t>{experts, out, in};
    };
    builder_.joined(fused.gate_up, shape(2 * inner, width),
                    {{block + "ffn_gate_exps.weight", {experts, inner, width}, {}, cut(0)},
                     {block + "ffn_up_exps.weight", {experts, inner, width}, {}, cut(1)}},
                    both);
    TensorJoin turn;
    if (turned) turn = [](const std::vector<at::Tensor>& parts) { return parts[0].transpose(1, 2); };
    builder_.changed(fused.down, shape(width, inner),
                     {block + "ffn_down_exps.weight", {experts, width, inner}, {}, turn}, turn);
    if (!fused.has_bias) return;
    builder_.joined(fused.gate_up + "_bias", {experts, 2 * inner},
                    {{block + "ffn_gate_exps.bias", {experts, inner}, {}, cut(0)},
                     {block + "ffn_up_exps.bias", {experts, inner}, {}, cut(1)}},
                    both);
    builder_.tensor(fused.down + "_bias", {experts, width}, block + "ffn_down_exps.bias");
  }

  void mamba(const MambaSpec& m, const std::string& block) {
    // The file holds log(-A); GGUF holds A.
    const std::vector<int64_t> states = {m.inner, m.state_size};
    builder_.changed(m.name + ".A_log", states,
                     {block + "ssm_a", states, {}, [](const auto& parts) { return -parts[0].to(at::kFloat).exp(); }},
                     [](const auto& parts) { return (-parts[0]).log(); });
    builder_.tensor(m.name + ".D", {m.inner}, block + "ssm_d");
    builder_.tensor(m.name + ".conv1d.weight", {m.inner, 1, m.conv_width}, block + "ssm_conv1d.weight",
                    {m.inner, m.conv_width});
    if (m.conv_bias) builder_.tensor(m.name + ".conv1d.bias", {m.inner}, block + "ssm_conv1d.bias");
    builder_.linear(m.in, block + "ssm_in");
    builder_.linear(m.x, block + "ssm_x");
    builder_.linear(m.step, block + "ssm_dt");
    builder_.norm(m.step_norm, block + "ssm_dt_norm");
    builder_.norm(m.input_norm, block + "ssm_b_norm");
    builder_.norm(m.output_norm, block + "ssm_c_norm");
    builder_.linear(m.out, block + "ssm_out");
  }

  const ModelSpec& spec_;
  const GgufFamily& family_;
  LayoutBuilder builder_;
};

}  // namespace

GgufLayout gguf_layout(const ModelSpec& spec, const GgufFamily& family) { return SpecLayout(spec, family).make(); }

}  // namespace llmbox
