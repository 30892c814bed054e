#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/api/artifact.h"
#include "common/command_line/command.h"

namespace pyro::cli {

/// A text of a request, given on the command line or in a file: `--text T | --text-file F`.
struct TextOption {
  std::string field;
  std::optional<std::string> text = {};
  std::optional<std::string> file = {};
  std::size_t file_limit = api::kFileLimit;  ///< of a file, in bytes
};

/// Adds `--text` and `--text-file` for the field `text`; `what` describes it, as in `The patch`.
void add_text_option(CliCommand& command, TextOption& option, std::string_view what);

/// What was given, text or not; a file `-` is standard input. UsageError: not exactly one option
/// was given, or it is larger than it may be.
std::string bytes_of(const TextOption& option);

/// The same. UsageError: it is not valid UTF-8.
std::string text_of(const TextOption& option);

}  // namespace pyro::cli
