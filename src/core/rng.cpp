#include "core/rng.h"

#include <bit>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace llmbox {
namespace {

uint64_t splitmix64(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Natural logarithm by its atanh series: libm's last bit differs between machines, this does not.
double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // [0.5, 1)
  if (m < 0.70710678118654752440) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double series = 0;
  for (int k = 23; k >= 1; k -= 2) series = series * s2 + 1.0 / k;
  return exponent * 0.69314718055994530942 + 2 * s * series;
}

// Ratio of two polynomials of degree 7, highest coefficient first.
double ratio(const std::array<double, 8>& top, const std::array<double, 8>& bottom, double x) {
  double a = 0, b = 0;
  for (size_t i = 0; i < 8; ++i) {
    a = a * x + top[i];
    b = b * x + bottom[i];
  }
  return a / b;
}

// AS 241, PPND16: about 1e-16 relative.
double inverse_normal(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    return q * ratio({2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
                      13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
                     {5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
                      5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0},
                     0.180625 - q * q);
  }
  double r = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
  double z = 0;
  if (r <= 5) {
    z = ratio({7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
               3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734},
              {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
               0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0},
              r - 1.6);
  } else {
    z = ratio({2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
               0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772},
              {2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
               0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0},
              r - 5);
  }
  return q < 0 ? -z : z;
}

}  // namespace

Rng::Rng(uint64_t seed, uint64_t stream) {
  uint64_t stream_state = stream;
  uint64_t state = seed ^ (stream == 0 ? 0 : splitmix64(stream_state));
  for (uint64_t& word : words_) word = splitmix64(state);
}

uint64_t Rng::next() {
  const uint64_t result = std::rotl(words_[1] * 5, 7) * 9;
  const uint64_t t = words_[1] << 17;
  words_[2] ^= words_[0];
  words_[3] ^= words_[1];
  words_[1] ^= words_[2];
  words_[0] ^= words_[3];
  words_[2] ^= t;
  words_[3] = std::rotl(words_[3], 45);
  return result;
}

// Lemire 2019, "Fast random integer generation in an interval": multiply, reject the few biased low halves.
uint64_t Rng::below(uint64_t n) {
  CHECK(n > 0, "below(0)");
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(next()) * n;
  if (static_cast<uint64_t>(product) < n) {
    const uint64_t threshold = (0 - n) % n;
    while (static_cast<uint64_t>(product) < threshold) product = static_cast<Wide>(next()) * n;
  }
  return static_cast<uint64_t>(product >> 64);
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

// The middle of one of 2^52 equal cells: never 0 or 1, whose quantiles are infinite.
double Rng::normal() { return inverse_normal((static_cast<double>(next() >> 12) + 0.5) * 0x1.0p-52); }

std::vector<int64_t> Rng::permutation(int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  shuffle(order);
  return order;
}

Json Rng::state() const { return Json(words_); }

void Rng::set_state(const Json& state) {
  bool ours = state.is_array() && state.size() == words_.size();
  for (const Json& word : state) ours = ours && word.is_number_integer();
  if (!ours) fail("rng", "expected a saved state of {} integers, got {}", words_.size(), state.dump().substr(0, 80));
  for (size_t i = 0; i < words_.size(); ++i) words_[i] = state[i].get<uint64_t>();
}

}  // namespace llmbox
