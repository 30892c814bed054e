#include "common/network/denials.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/network/connection_log.h"

namespace pyro::network {
namespace {

bool is_changed_since(const std::filesystem::path& file, double since) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return false;
  const double changed = static_cast<double>(info.st_mtim.tv_sec) + 1;
  return changed >= since;
}

}  // namespace

std::vector<api::EgressDenied> denied_since(const std::filesystem::path& directory, double since) {
  std::vector<api::EgressDenied> denied;
  if (!is_changed_since(directory / kConnectionLog, since)) return denied;
  for (const LogLine& line : read_connection_log(directory)) {
    if (line.verdict != Verdict::kDenied || line.time < since) continue;
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
