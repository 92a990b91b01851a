// The sixteen levels of IQ4_NL and IQ4_XS: denser around zero, as weights are.
#pragma once

namespace llmbox {

constexpr float kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

}  // namespace llmbox
