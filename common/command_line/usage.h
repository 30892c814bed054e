#pragma once

#include <string>
#include <vector>

#include "common/command_line/command.h"

/// Sentences about words that do not fit a command line.
namespace pyro::usage {

/// The words before `--`, and what came of them.
struct Line {
  /// The deepest command that was named.
  const CliCommand& command;
  std::vector<std::string> words;
  bool has_dashes;  ///< whether `--` stood behind them
};

/// Where a command was due and a word stands that is none; else "".
std::string unknown_command(const CliCommand& root, const std::vector<std::string>& words);

/// The first option that the command and those above do not have; else "".
std::string unknown_option(const Line& line);

/// Words that no positional takes, `rest`.
std::string extra_word(const Line& line, const std::vector<std::string>& rest);

/// A part that the command cannot do without.
std::string missing_part(const CliCommand& command);

/// An option without its value, or with more than one.
std::string wrong_count(const Line& line);

/// A flag with a value that is neither true nor false.
std::string wrong_flag(const Option& flag, const std::string& value);

/// Options that do not go together.
std::string conflict(const CliCommand& command);

/// A value beside an option's choices.
std::string no_choice(const Option& option, const std::string& value);

}  // namespace pyro::usage
