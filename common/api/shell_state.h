#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pyro::api {

/// Whether the program of a shell runs, or has ended.
enum class ShellState { kRunning, kStopped };
constexpr std::array<std::pair<ShellState, std::string_view>, 2> enum_names(ShellState) {
  return {{{ShellState::kRunning, "running"}, {ShellState::kStopped, "stopped"}}};
}

/// A terminal's size: what a person may have, and a little more.
inline constexpr std::int64_t kMostCols = 500;
inline constexpr std::int64_t kMostRows = 200;
/// The input of one write, in bytes.
inline constexpr std::size_t kMostInput = 256U << 10U;
/// Of a shell's output at least so much is kept, its end.
inline constexpr std::uint64_t kKeptShellBytes = 4U << 20U;

}  // namespace pyro::api
