// Functions of lanes: exponentials by a polynomial of degree 6 (relative error below 2e-7), and what follows from them.
#pragma once

namespace llmbox {

/// 2^x; exactly 0 below -150, so that a masked score of -infinity weighs nothing.
template <class L>
typename L::F exp2_lanes(typename L::F x) {
  x = L::min(L::set(128.0f), L::max(L::set(-200.0f), x));  // in this order NaN stays NaN
  const auto n = L::round(x);
  const auto r = L::sub(x, n);     // in [-1/2, 1/2]
  auto p = L::set(1.5403530e-4f);  // ln2^k / k!
  p = L::fma(p, r, L::set(1.3333558e-3f));
  p = L::fma(p, r, L::set(9.6181291e-3f));
  p = L::fma(p, r, L::set(5.5504109e-2f));
  p = L::fma(p, r, L::set(2.4022651e-1f));
  p = L::fma(p, r, L::set(6.9314718e-1f));
  p = L::fma(p, r, L::set(1.0f));
  return L::ldexp(p, n);
}

template <class L>
typename L::F exp_lanes(typename L::F x) {
  return exp2_lanes<L>(L::mul(x, L::set(1.44269504f)));
}

/// 1 / (1 + e^-x)
template <class L>
typename L::F sigmoid_lanes(typename L::F x) {
  const auto one = L::set(1.0f);
  return L::div(one, L::add(one, exp_lanes<L>(L::sub(L::set(0.0f), x))));
}

template <class L>
typename L::F tanh_lanes(typename L::F x) {
  return L::fma(L::set(2.0f), sigmoid_lanes<L>(L::add(x, x)), L::set(-1.0f));
}

}  // namespace llmbox
