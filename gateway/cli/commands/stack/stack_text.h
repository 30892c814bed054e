#pragma once

#include <string>

#include "common/api/stack.h"

namespace pyro::cli {

/// The stack as text: a line of its own, a table of its services, their last errors.
std::string stack_text(const api::Stack& stack);

}  // namespace pyro::cli
