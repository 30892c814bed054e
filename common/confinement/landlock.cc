#include "common/confinement/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro {
namespace {

// Newer than the header of Debian 12's kernel.
constexpr std::uint64_t kTruncate = 1ULL << 14U;            // ABI 3
constexpr std::uint64_t kControlDevice = 1ULL << 15U;       // ABI 5
constexpr std::uint64_t kBindAndConnectTcp = 0b11;          // ABI 4
constexpr std::uint64_t kAbstractSocketsAndSignals = 0b11;  // ABI 6

/// landlock_ruleset_attr of ABI 6; a kernel takes the part that it knows.
struct Handled {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scoped;
};

/// 0: there is none.
int abi() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

/// A right that the kernel does not know yet makes it refuse all of them.
Handled handled_by(int version) {
  Handled all{.files = LANDLOCK_ACCESS_FS_REFER - 1, .network = 0, .scoped = 0};
  if (version >= 2) all.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all.files |= kTruncate;
  if (version >= 4) all.network = kBindAndConnectTcp;
  if (version >= 5) all.files |= kControlDevice;
  if (version >= 6) all.scoped = kAbstractSocketsAndSignals;
  return all;
}

std::size_t size_for(int version) {
  if (version >= 6) return sizeof(Handled);
  return version >= 4 ? offsetof(Handled, scoped) : offsetof(Handled, network);
}

}  // namespace

bool landlock_works() { return abi() > 0; }

Landlock::Landlock(const ConfinementPlan& plan) {
  const int version = abi();
  Handled handled = handled_by(version);
  if (plan.network) handled.network = 0;
  const UniqueFd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size_for(version), 0)));
  if (!rules) throw system_error("landlock_create_ruleset");
  const auto allow = [&](const std::vector<std::string>& paths, std::uint64_t rights) {
    for (const auto& path : paths) {
      const UniqueFd file = open_file(path, O_PATH);
      struct stat info {};
      if (::fstat(file.get(), &info) != 0) throw system_error(fmt::format("stat '{}'", path));
      std::uint64_t allowed = rights & handled.files;
      if (!S_ISDIR(info.st_mode)) allowed &= ~std::uint64_t{LANDLOCK_ACCESS_FS_READ_DIR};
      const landlock_path_beneath_attr rule{.allowed_access = allowed, .parent_fd = file.get()};
      if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) !=
          0) {
        throw system_error(fmt::format("landlock_add_rule '{}'", path));
      }
    }
  };
  constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE;
  constexpr std::uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
  allow(plan.programs, kRead | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE);
  allow(plan.readable, kRead);
  allow(plan.writable, kRead | kWrite);
  allow(plan.devices, kRead | kWrite | kControlDevice);
  allow(plan.owned, kRead | kWrite | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                        LANDLOCK_ACCESS_FS_REMOVE_FILE);
  // Above the numbers that a child's descriptors are put at.
  constexpr int kAbove = 64;
  rules_.reset(::fcntl(rules.get(), F_DUPFD_CLOEXEC, kAbove));
  if (!rules_) throw system_error("dup");
}

bool Landlock::apply() const { return ::syscall(SYS_landlock_restrict_self, rules_.get(), 0) == 0; }

}  // namespace pyro
