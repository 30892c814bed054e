#pragma once

#include <string>
#include <vector>

#include "common/command_line/command.h"

namespace pyro {

/// What a command line asks for.
struct ParsedLine {
  enum class Asked { kAction, kHelp, kVersion, kNonsense };

  Asked asked = Asked::kAction;
  /// The deepest command that was named.
  CliCommand* command = nullptr;
  /// kNonsense: what is wrong, in one sentence.
  std::string refusal = {};
};

/// Parses `arguments` (without the program's name) by `root`: fills what its options are bound to.
/// Once per root.
ParsedLine parse(CliCommand& root, const std::vector<std::string>& arguments);

/// The help page of a command.
std::string help_text(CliCommand& command);

/// All that a simple program does: parses, then prints help, the version or what is wrong (exit
/// status 2), or runs the action.
int run_program(CliCommand& root, int argc, char** argv);

}  // namespace pyro
