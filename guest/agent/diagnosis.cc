#include "guest/agent/diagnosis.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::agent {
namespace {

/// As curl, git, apt, wget, the C library's programs, Node.js, npm and Go say it.
constexpr std::array<std::string_view, 11> kNoNetwork = {
    "Could not resolve host",      "Temporary failure in name resolution",
    "Temporary failure resolving", "unable to resolve host address",
    "Name or service not known",   "EAI_AGAIN",
    "getaddrinfo ENOTFOUND",       "Network is unreachable",
    "network is unreachable",      "ENETUNREACH",
    "dial tcp: lookup ",
};
constexpr std::array<std::string_view, 2> kNoSpace = {"No space left on device", "ENOSPC"};

template <std::size_t N>
bool says_one_of(std::string_view printed, const std::array<std::string_view, N>& texts) {
  return std::any_of(texts.begin(), texts.end(), [printed](std::string_view text) {
    return printed.find(text) != std::string_view::npos;
  });
}

}  // namespace

DiskRoom room_of(int fd) {
  struct statvfs disk {};
  if (::fstatvfs(fd, &disk) != 0) return {};
  return {.size_bytes = disk.f_blocks * disk.f_frsize,
          .free_bytes = disk.f_bfree * disk.f_frsize,
          .free_files = disk.f_files == 0 ? 1 : disk.f_ffree};
}

std::optional<Diagnosis> diagnose(const Symptoms& symptoms) {
  using api::LikelyCause;
  if (symptoms.process_limit > 0) {
    return Diagnosis{LikelyCause::kTooManyProcesses,
                     fmt::format("too many processes: a command may have {} at once, threads "
                                 "included; mem_mib at creation gives more",
                                 symptoms.process_limit)};
  }
  if (says_one_of(symptoms.printed, kNoSpace)) {
    if (symptoms.system_disk.full()) {
      return Diagnosis{LikelyCause::kSystemDiskFull,
                       fmt::format("disk full: the machine's system disk ({}, all but /workspace) "
                                   "is full: delete files there, as with rm",
                                   human_size(symptoms.system_disk.size_bytes))};
    }
    if (symptoms.workspace.full()) {
      return Diagnosis{LikelyCause::kWorkspaceFull,
                       fmt::format("disk full: the disk of /workspace ({}) is full: delete files "
                                   "there, as with rm",
                                   human_size(symptoms.workspace.size_bytes))};
    }
  }
  if (!symptoms.has_network && says_one_of(symptoms.printed, kNoNetwork)) {
    return Diagnosis{LikelyCause::kNoNetwork,
                     "no network: pyro gives this machine none. `pyro workspace sync push` "
                     "(workspace_sync_push) brings files of the host into a workspace, as does the "
                     "project that it is created from"};
  }
  return std::nullopt;
}

bool has_network() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return true;
  const Cleanup free_all([all] { ::freeifaddrs(all); });
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if ((one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0) return true;
  }
  return false;
}

}  // namespace pyro::agent
