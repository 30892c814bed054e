#pragma once

#include <chrono>

/// How long a command waits for a call before it gives up.
namespace pyro::cli {

/// An environment that is not installed is built first, which takes minutes on a slow mirror.
inline constexpr std::chrono::seconds kInstallLimit = std::chrono::hours(2);
/// Files between host and guest: as many as there are.
inline constexpr std::chrono::seconds kTransferLimit = std::chrono::hours(6);
/// What an exec takes beside its command: a guest that starts, output that is still written.
inline constexpr std::chrono::seconds kExecSlack = std::chrono::minutes(10);
inline constexpr std::chrono::seconds kUsualLimit = std::chrono::minutes(2);

}  // namespace pyro::cli
