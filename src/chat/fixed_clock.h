// For tests only: the day on which the references of dated texts were recorded.
#pragma once

#include "chat/jinja.h"

namespace llmbox {

inline JinjaOptions fixed_clock() {
  JinjaOptions options;
  options.clock = [] {
    std::tm time{};
    time.tm_year = 125;
    time.tm_mon = 6;
    time.tm_mday = 10;
    time.tm_hour = 12;
    time.tm_wday = 4;
    time.tm_yday = 190;
    return time;
  };
  return options;
}

}  // namespace llmbox
