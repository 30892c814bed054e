#include <fmt/core.h>

#include <cstdio>
#include <exception>

#include "common/base/standard_descriptors.h"
#include "gateway/cli/command_line.h"

int main(int argc, char** argv) {
  pyro::open_standard_descriptors();
  try {
    return pyro::cli::run_command_line({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
