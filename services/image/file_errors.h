#pragma once

#include <filesystem>
#include <utility>

#include "common/base/error.h"

namespace pyro::image {

/// Runs `action`; what std::filesystem throws becomes our Error with the path and errno's text.
template <class Action>
decltype(auto) with_file_errors(Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const std::filesystem::filesystem_error& error) {
    throw system_error(fmt::format("'{}'", error.path1().string()), error.code().value());
  }
}

}  // namespace pyro::image
