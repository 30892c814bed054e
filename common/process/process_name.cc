#include "common/process/process_name.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace pyro {
namespace {

/// Of `PID`; empty when there is none, or it waits to be reaped.
std::string name_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  // The program's name, which may hold anything, is in parentheses.
  const auto behind = line.rfind(')');
  if (behind == std::string::npos) return "";
  std::istringstream fields(line.substr(behind + 1));
  std::string state;
  std::string field;
  fields >> state;
  constexpr int kState = 3;
  constexpr int kStart = 22;
  for (int at = kState; at < kStart; ++at) fields >> field;
  if (!fields || state == "Z" || state == "X") return "";
  return fmt::format("{} {}", pid, field);
}

}  // namespace

std::string own_process_name() { return name_of(std::to_string(::getpid())); }

bool is_process_alive(const std::string& name) {
  const std::string pid = name.substr(0, name.find(' '));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (pid.empty() || !std::all_of(pid.begin(), pid.end(), is_digit)) return false;
  return name_of(pid) == name;
}

}  // namespace pyro
