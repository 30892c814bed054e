#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/json_codec.h"

namespace pyro::bench {

/// One line of the table: a figure, what it is held against, and the target if there is one.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string beside{};  ///< `bare 40.1 us; 1.6 times it, at most 2`
};

/// What a part of the benchmark measured.
struct Part {
  std::string title;
  std::vector<Figure> figures;
};

/// Adds a figure: name, value, unit, what is beside it.
using Adder = std::function<void(std::string, double, std::string, std::string)>;
inline Adder adder_to(Part& part) {
  return [&part](std::string name, double value, std::string unit, std::string beside) {
    part.figures.push_back({std::move(name), value, std::move(unit), std::move(beside)});
  };
}

/// The value below which `share` of the sorted samples lie.
double percentile(std::vector<double>& samples, double share);

}  // namespace pyro::bench
