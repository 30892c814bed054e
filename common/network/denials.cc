#include "common/network/denials.h"

#include <sys/stat.h>

#include <algorithm>

namespace pyro::network {

bool is_logged_since(const std::filesystem::path& directory, double since) {
  struct stat info {};
  if (::stat((directory / kConnectionLog).c_str(), &info) != 0 || info.st_size == 0) return false;
  // The kernel's clock of files has a coarse grain.
  return static_cast<double>(info.st_mtim.tv_sec) + 1 >= since;
}

std::vector<api::EgressDenied> denied_since(const std::filesystem::path& directory, double since,
                                            const std::function<bool(const LogLine&)>& counts) {
  std::vector<api::EgressDenied> denied;
  if (!is_logged_since(directory, since)) return denied;
  for (const LogLine& line : read_connection_log(directory)) {
    if (line.verdict != Verdict::kDenied || line.time < since || !counts(line)) continue;
    const auto same = std::find_if(denied.begin(), denied.end(), [&line](const auto& one) {
      return one.name == line.name && one.address == line.address && one.port == line.port &&
             one.reason == line.reason;
    });
    if (same != denied.end()) {
      same->count += line.count;
    } else {
      denied.push_back({.name = line.name,
                        .address = line.address,
                        .port = line.port,
                        .reason = line.reason,
                        .count = line.count});
    }
  }
  if (denied.size() > api::kMostDenied) {
    denied.erase(denied.begin(), denied.end() - api::kMostDenied);
  }
  return denied;
}

}  // namespace pyro::network
