#include "gateway/cli/commands/workspace/text_option.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "common/api/artifact.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/command_line/usage_error.h"

namespace pyro::cli {
namespace {

/// The source of a text, for a message: `text`, `text (from 'a.txt')`.
std::string described(const TextOption& option) {
  if (!option.file) return option.field;
  return *option.file == "-" ? option.field + " (from standard input)"
                             : fmt::format("{} (from '{}')", option.field, *option.file);
}

std::size_t limit_of(const TextOption& option) {
  return option.file ? option.file_limit : api::kFileLimit;
}

[[noreturn]] void refuse_size(const TextOption& option, const std::string& size) {
  throw UsageError(fmt::format("{} is {}, and may be at most {} bytes ({})", described(option),
                               size, limit_of(option), human_size(limit_of(option))));
}

std::string size_text(std::uint64_t bytes) {
  return fmt::format("{} bytes ({})", bytes, human_size(bytes));
}

std::string read_source(const TextOption& option) {
  if (*option.file == "-") return read_to_end(STDIN_FILENO, option.file_limit + 1);
  if (option.file->empty()) {
    throw UsageError(fmt::format("--{}-file must not be empty", option.field));
  }
  const UniqueFd fd = open_file(*option.file, O_RDONLY);
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode) &&
      std::cmp_greater(info.st_size, option.file_limit)) {
    refuse_size(option, size_text(static_cast<std::uint64_t>(info.st_size)));
  }
  return with_context(fmt::format("'{}'", *option.file),
                      [&] { return read_to_end(fd.get(), option.file_limit + 1); });
}

}  // namespace

void add_text_option(CliCommand& command, TextOption& option, std::string_view what) {
  command.add(
      {.name = "--" + option.field, .help = fmt::format("{}, as text", what), .value_name = "TEXT"},
      option.text);
  command.add({.name = "--" + option.field + "-file",
               .help = fmt::format("{}, from a file; - is standard input", what),
               .value_name = "FILE"},
              option.file);
}

std::string bytes_of(const TextOption& option) {
  if (option.text.has_value() == option.file.has_value()) {
    throw UsageError(option.text
                         ? fmt::format("--{0} and --{0}-file exclude each other", option.field)
                         : fmt::format("give --{0} or --{0}-file", option.field));
  }
  std::string text = option.file ? read_source(option) : *option.text;
  if (text.size() > limit_of(option)) {
    // The read of a file that is not regular stops there, so its size is unknown.
    refuse_size(option, option.file ? fmt::format("more than {}", size_text(limit_of(option)))
                                    : size_text(text.size()));
  }
  return text;
}

std::string text_of(const TextOption& option) {
  std::string text = bytes_of(option);
  if (to_valid_utf8(text) != text) {
    throw UsageError(
        fmt::format("{} is not valid UTF-8 ({} bytes); `pyro workspace sync push` "
                    "takes files of any kind",
                    described(option), text.size()));
  }
  return text;
}

}  // namespace pyro::cli
