#include "model/gguf/layout_builder.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"

namespace llmbox {

namespace {

at::Tensor index_of(const RowOrder& order) { return at::tensor(at::ArrayRef<int64_t>(order), at::kLong); }

/// Where each row of the hub lies in GGUF.
RowOrder inverse(const RowOrder& order) {
  RowOrder back(order.size());
  for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return back;
}

TensorJoin rows(const RowOrder& order) {
  if (order.empty()) return {};
  return [order](const std::vector<at::Tensor>& parts) { return parts[0].index_select(0, index_of(order)); };
}

/// What each row is multiplied by, or one number for all; empty: nothing changes.
std::vector<double> factors(std::vector<double> rows, double all) {
  if (rows.empty()) rows = {1};
  for (double& row : rows) row *= all;
  return std::ranges::all_of(rows, [](double row) { return row == 1; }) ? std::vector<double>{} : rows;
}

/// `join` with its rows multiplied by the factors, or divided. Requires: no order where there is one factor a row.
TensorJoin scaled(const TensorJoin& join, const std::vector<double>& factors, bool divides) {
  if (factors.empty()) return join;
  return [=](const std::vector<at::Tensor>& parts) {
    const at::Tensor whole = (join ? join(parts) : parts[0]).to(at::kFloat);
    at::Tensor by = at::tensor(at::ArrayRef<double>(factors), at::kFloat);
    if (whole.dim() == 2) by = by.unsqueeze(1);
    return divides ? whole / by : whole * by;
  };
}

/// Brings each row to length 1, as the model does when it reads them.
TensorJoin unit_rows() {
  return [](const std::vector<at::Tensor>& parts) {
    const at::Tensor wide = parts[0].to(at::kFloat);
    return wide / wide.norm(2, {1}, true).clamp_min(1e-12);
  };
}

TensorJoin shifted(double offset) {
  return [offset](const std::vector<at::Tensor>& parts) { return parts[0].to(at::kFloat) + offset; };
}

TensorJoin turned() {
  return [](const std::vector<at::Tensor>& parts) { return parts[0].t(); };
}

}  // namespace

void append_rows(RowOrder& rows, int64_t first, int64_t count) {
  for (int64_t i = 0; i < count; ++i) rows.push_back(first + i);
}

void LayoutBuilder::changed(const std::string& hub, std::vector<int64_t> hub_shape, GgufTensor gguf, TensorJoin back) {
  layout_.hub[hub] = {.shape = std::move(hub_shape), .parts = {{gguf.name}}, .join = std::move(back)};
  gguf.parts = {hub};
  layout_.gguf.push_back(std::move(gguf));
}

void LayoutBuilder::tensor(const std::string& hub, std::vector<int64_t> hub_shape, const std::string& gguf,
                           std::vector<int64_t> shape) {
  TensorJoin there, back;
  if (hub_shape != shape) {
    there = [shape](const std::vector<at::Tensor>& parts) { return parts[0].reshape(shape); };
    back = [hub_shape](const std::vector<at::Tensor>& parts) { return parts[0].reshape(hub_shape); };
  }
  changed(hub, std::move(hub_shape), {gguf, std::move(shape), {}, there}, back);
}

void LayoutBuilder::linear(const LinearSpec& spec, const std::string& gguf, const LinearChange& change) {
  const std::string weight = spec.name + ".weight";
  const TensorJoin there = rows(change.order), back = rows(inverse(change.order));
  const std::vector<double> on_weight = factors(change.out_scales, change.in_scale),
                            on_bias = factors(change.out_scales, 1);
  if (spec.transposed) {
    CHECK(change.order.empty() && on_weight.empty(), "{}", spec.name);
    changed(weight, {spec.in, spec.out}, {gguf + ".weight", {spec.out, spec.in}, {}, turned()}, turned());
    layout_.hub[weight].turned = true;
  } else {
    changed(weight, {spec.out, spec.in},
            {gguf + ".weight", {spec.out, spec.in}, {}, spec.unit_rows ? unit_rows() : scaled(there, on_weight, false)},
            scaled(back, on_weight, true));
  }
  if (spec.has_bias)
    changed(spec.name + ".bias", {spec.out}, {gguf + ".bias", {spec.out}, {}, scaled(there, on_bias, false)},
            scaled(back, on_bias, true));
}

void LayoutBuilder::copied(const std::string& hub, const std::vector<int64_t>& shape, const std::string& gguf,
                           double scale) {
  layout_.gguf.push_back({gguf, shape, {hub}, scaled({}, factors({scale}, 1), false)});
}

void LayoutBuilder::joined(const std::string& hub, std::vector<int64_t> hub_shape, std::vector<GgufTensor> gguf,
                           TensorJoin back) {
  HubTensor& target = layout_.hub[hub];
  target = {.shape = std::move(hub_shape), .parts = {}, .join = std::move(back)};
  for (GgufTensor& tensor : gguf) {
    target.parts.push_back({tensor.name});
    tensor.parts = {hub};
    layout_.gguf.push_back(std::move(tensor));
  }
}

void LayoutBuilder::split(const LinearSpec& spec, const std::vector<std::pair<std::string, RowOrder>>& parts) {
  CHECK(!spec.transposed, "{}", spec.name);
  RowOrder whole;
  for (const auto& [name, order] : parts) whole.insert(whole.end(), order.begin(), order.end());
  const auto add = [&](const char* end, std::vector<int64_t> shape) {
    std::vector<GgufTensor> tensors;
    for (const auto& [name, order] : parts) {
      std::vector<int64_t> own = shape;
      own[0] = static_cast<int64_t>(order.size());
      tensors.push_back({name + end, own, {}, rows(order)});
    }
    joined(spec.name + end, shape, std::move(tensors), [back = inverse(whole)](const std::vector<at::Tensor>& found) {
      return at::cat(found).index_select(0, index_of(back));
    });
  };
  add(".weight", {spec.out, spec.in});
  if (spec.has_bias) add(".bias", {spec.out});
}

void LayoutBuilder::norm(const std::optional<NormSpec>& spec, const std::string& gguf, const char* end) {
  if (!spec || !spec->has_weight) return;
  const std::string weight = spec->name + ".weight";
  if (spec->split_heads) {
    std::vector<std::string> hubs;
    for (int64_t head = 0; head < spec->heads; ++head)
      hubs.push_back(spec->name + ".norms." + std::to_string(head) + ".weight");
    stacked_tensors(hubs, {spec->size}, gguf + end);
  } else {
    const auto shape = spec->heads > 0 ? std::vector<int64_t>{spec->heads, spec->size} : std::vector{spec->size};
    if (spec->weight_offset == 0)
      tensor(weight, shape, gguf + end);
    else
      changed(weight, shape, {gguf + end, shape, {}, shifted(spec->weight_offset)}, shifted(-spec->weight_offset));
  }
  if (spec->has_bias) tensor(spec->name + ".bias", {spec->size}, gguf + ".bias");
}

void LayoutBuilder::stacked(const std::vector<LinearSpec>& specs, const std::string& gguf) {
  std::vector<std::string> weights, biases;
  for (const LinearSpec& spec : specs) {
    weights.push_back(spec.name + ".weight");
    if (spec.has_bias) biases.push_back(spec.name + ".bias");
  }
  stacked_tensors(weights, {specs.at(0).out, specs[0].in}, gguf + ".weight");
  if (!biases.empty()) stacked_tensors(biases, {specs[0].out}, gguf + ".bias");
}

void LayoutBuilder::stacked_tensors(const std::vector<std::string>& hubs, const std::vector<int64_t>& shape,
                                    const std::string& gguf) {
  std::vector<int64_t> whole = shape;
  whole.insert(whole.begin(), static_cast<int64_t>(hubs.size()));
  for (size_t i = 0; i < hubs.size(); ++i)
    layout_.hub[hubs[i]] = {.shape = shape,
                            .parts = {{gguf, static_cast<int64_t>(i), 1}},
                            .join = [](const std::vector<at::Tensor>& parts) { return parts[0].select(0, 0); }};
  layout_.gguf.push_back({gguf, whole, hubs, [](const std::vector<at::Tensor>& parts) { return at::stack(parts); }});
}

}  // namespace llmbox
