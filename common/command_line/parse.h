#pragma once

#include <string>
#include <vector>

#include "common/command_line/command.h"

namespace pyro {

/// The result of parsing a command line.
struct ParsedLine {
  enum class Asked { kAction, kHelp, kVersion, kNonsense };

  Asked asked = Asked::kAction;
  /// The deepest named command.
  CliCommand* command = nullptr;
  /// kNonsense: the mistake, in one sentence.
  std::string refusal = {};
};

/// Parses `arguments` (without the program's name) with `root` and fills the targets of its
/// options. Once per root.
ParsedLine parse(CliCommand& root, const std::vector<std::string>& arguments);

/// The help page of a command.
std::string help_text(CliCommand& command);

/// The whole main of a simple program: parses, then prints help, the version or the mistake (exit
/// status 2), or runs the action.
int run_program(CliCommand& root, int argc, char** argv);

}  // namespace pyro
