#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pyro::workspace {

struct TerminalSize {
  std::uint32_t cols = 120;
  std::uint32_t rows = 30;
};

/// What a person sees of `output` on a terminal that has shown `before`: the lines that it wrote or
/// changed, without blanks at their ends; the whole screen where a full-screen program holds it.
/// Bounded in time and memory whatever the bytes say.
std::string plain_text(std::string_view before, std::string_view output, TerminalSize size);

}  // namespace pyro::workspace
