#pragma once

#include <string>
#include <vector>

#include "common/command_line/command.h"

/// Messages about wrong words on a command line.
namespace pyro::usage {

/// The words before `--`, and the result of parsing them.
struct Line {
  /// The deepest named command.
  const CliCommand& command;
  std::vector<std::string> words;
  bool has_dashes;  ///< whether `--` followed them
};

/// A word that is not a command where one is required; else "".
std::string unknown_command(const CliCommand& root, const std::vector<std::string>& words);

/// The first option that neither the command nor its parents have; else "".
std::string unknown_option(const Line& line);

/// `rest`, words that no positional takes.
std::string extra_word(const Line& line, const std::vector<std::string>& rest);

/// A missing required part.
std::string missing_part(const CliCommand& command);

/// An option without its value, or with more than one.
std::string wrong_count(const Line& line);

/// A flag with a value that is neither true nor false.
std::string wrong_flag(const Option& flag, const std::string& value);

/// Options that exclude each other.
std::string conflict(const CliCommand& command);

/// A value that is not one of an option's choices.
std::string no_choice(const Option& option, const std::string& value);

}  // namespace pyro::usage
