#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace pyro::cli {

/// Lines `key: value`; one without a value is left out.
class Lines {
 public:
  void add(std::string_view key, std::string_view value) {
    if (!value.empty()) text_ += fmt::format("{}: {}\n", key, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace pyro::cli
