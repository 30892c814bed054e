#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pyro::testing {

/// What begins the words of a program that starts with its descriptors 0 to 2 closed, as
/// `program <&- >&- 2>&-` does.
inline std::vector<std::string> with_closed_descriptors() {
  return {"/bin/bash", "-c", R"(exec "$0" "$@" <&- >&- 2>&-)"};
}

/// The targets of a process's descriptors 0 to 2.
inline std::vector<std::string> standard_descriptors_of(pid_t pid) {
  std::vector<std::string> targets;
  for (const char* number : {"0", "1", "2"}) {
    std::error_code closed;
    const std::filesystem::path link = "/proc/" + std::to_string(pid) + "/fd/" + number;
    targets.push_back(std::filesystem::read_symlink(link, closed).string());
  }
  return targets;
}

inline const std::vector<std::string> kAllOnNull = {"/dev/null", "/dev/null", "/dev/null"};

}  // namespace pyro::testing
