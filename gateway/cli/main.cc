#include <fmt/core.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/core_dumps.h"
#include "common/base/standard_descriptors.h"
#include "gateway/cli/command_line.h"

namespace {

/// Other users' programs see a command line as long as its process lives: what is read is wiped.
void wipe_secrets(char** begin, char** end) {
  for (char** word = begin; word != end; ++word) {
    std::string_view text = *word;
    const bool follows = text == "--secret" && word + 1 != end;
    if (follows) text = *++word;
    if (!follows && !text.starts_with("--secret=")) continue;
    const std::size_t value = text.find('=', follows ? 0 : sizeof "--secret=" - 1);
    if (value == std::string_view::npos) continue;
    std::memset(*word + value + 1, 'x', text.size() - value - 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  pyro::open_standard_descriptors();
  pyro::leave_no_core_dumps();
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    wipe_secrets(argv + 1, argv + argc);
    return pyro::cli::run_command_line(words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
