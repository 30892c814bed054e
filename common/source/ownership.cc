#include "common/source/ownership.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/reasons/environment.h"
#include "common/base/text.h"

namespace pyro::source {

bool is_trusted_owner(uid_t owner, uid_t self, const char* sudo_uid) {
  if (owner == self) return true;
  if (self != 0 || sudo_uid == nullptr) return false;
  const std::string_view said = sudo_uid;
  uid_t user = 0;
  const auto [end, failed] = std::from_chars(said.data(), said.data() + said.size(), user);
  return failed == std::errc() && end == said.data() + said.size() && owner == user;
}

void refuse_foreign(const std::filesystem::path& work_tree,
                    std::initializer_list<std::filesystem::path> parts) {
  for (const auto& part : parts) {
    struct stat info {};
    if (::lstat(part.c_str(), &info) != 0) continue;
    if (is_trusted_owner(info.st_uid, ::geteuid(), std::getenv("SUDO_UID"))) continue;
    throw failed_precondition(
        reason::kRepositoryUntrusted,
        "pyro does not read the Git repository of '{}': '{}' belongs to another user (uid {}), "
        "which would decide a workspace's content. Run as that user, make it yours (`chown`), name "
        "a seed_path, or start the server with --no-project-source",
        printable(work_tree.string()), printable(part.string()), info.st_uid);
  }
}

}  // namespace pyro::source
