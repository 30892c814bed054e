#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/process/child_process.h"
#include "common/work/work.h"

namespace pyro::image {

/// A program that a pull needs, and the Debian package that has it.
struct Tool {
  std::string_view program;
  std::string_view package;
};

/// Everything that a pull starts.
std::vector<Tool> needed_tools();

/// kFailedPrecondition with the `sudo apt-get install …` line when one of `tools` is missing.
void require_tools(const std::vector<Tool>& tools);

/// The Error for a tool that failed, from its last words: a full disk (kResourceExhausted, naming
/// `directory`), an archive that does not answer (kUnavailable), else kInternal.
Error tool_failure(std::string_view program, int status, std::string_view last_words,
                   const std::filesystem::path& directory);

/// Runs a tool to the end and returns what it printed. Everything that it started ends with it,
/// with a stop, and with this process, were it killed.
std::string run_tool(Command command, const Work& work, const std::filesystem::path& directory,
                     const std::function<void(std::string_view)>& on_line = {});

}  // namespace pyro::image
