#include "gateway/cli/guest/guest_command.h"

#include <fmt/core.h>

#include <cstdio>

#include "common/base/text.h"

namespace pyro::cli {

std::string guest_command(const CliCommand& command) {
  if (!command.words || command.words->empty()) {
    throw UsageError(fmt::format("{} needs a command after --, as in: {}", command.full_name(),
                                 command.words_example.value_or("")));
  }
  return shell_join(*command.words);
}

void print_error(const std::string& text) { fmt::print(stderr, "{}", text); }

}  // namespace pyro::cli
