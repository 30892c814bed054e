#pragma once

#include <string>

#include "services/files/git_seed/borrowed_repository.h"

namespace pyro::files {

/// What the guest's git gets so that it sees the work tree as the host's git does: how files are
/// compared, what is ignored, which paths are checked out, and the person's name. Nothing of it
/// names a program, a remote or a credential.
struct HostView {
  std::string core_settings{};    ///< lines of the section core
  std::string user_settings{};    ///< lines of the section user
  std::string attributes{};       ///< info/attributes
  std::string exclude{};          ///< info/exclude, after the person's own ignore rules
  std::string sparse_checkout{};  ///< info/sparse-checkout
};

/// failed_precondition: damaged or too long.
HostView host_view(const BorrowedRepository& repository);

}  // namespace pyro::files
