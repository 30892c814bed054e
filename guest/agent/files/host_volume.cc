#include "guest/agent/files/host_volume.h"

#include <fcntl.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/tree/beneath.h"
#include "guest/agent/files/walked_usage.h"

namespace pyro::agent::files {

UniqueFd HostVolume::open() {
  if (directory_.empty()) throw failed_precondition("the machine has no workspace disk");
  make_private_directory(directory_);
  return open_file(directory_, O_RDONLY | O_DIRECTORY);
}

void HostVolume::close(UniqueFd) {
  throw failed_precondition("a workspace in host compatibility mode is not mounted");
}

api::agent::VolumeUsage HostVolume::usage(int top) {
  const UniqueFd tree = tree::open_beneath(top, "tree", O_RDONLY | O_DIRECTORY);
  if (!tree) throw tree::path_error("open", "tree");
  return walked_usage(tree.get());
}

void HostVolume::freeze(int) {
  throw failed_precondition(
      "a workspace in host compatibility mode cannot be frozen: it is a directory of the host");
}

}  // namespace pyro::agent::files
