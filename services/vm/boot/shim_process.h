#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/guest/machine_paths.h"
#include "common/process/child_process.h"
#include "common/work/work.h"
#include "services/vm/shim/shim_spec.h"

namespace pyro::vm {

/// A running pyro-vm-shim, started here or found alive after a restart of this service. The shim
/// and its VMM outlive this object: only `end` ends them.
class ShimProcess {
 public:
  /// Starts `program` and returns once its link socket accepts connections, while the guest still
  /// boots. `descriptors` are those of the spec: {number there, ours}.
  static ShimProcess start(const std::filesystem::path& program, const MachinePaths& paths,
                           const ShimSpec& spec,
                           const std::vector<std::pair<int, int>>& descriptors, const Work& work);

  /// The machine's shim, by its socket, or by its lock should that have vanished; or nullopt.
  static std::optional<ShimProcess> find(const MachinePaths& paths);

  ShimProcess(ShimProcess&&) noexcept = default;
  ShimProcess& operator=(ShimProcess&&) noexcept = default;
  ~ShimProcess();

  /// Readable once it ended.
  int pidfd() const { return pidfd_.get(); }
  bool running() const;

  /// Has it make its vanished socket anew; false: it has not within a few seconds, or has ended.
  bool serve_again(const std::filesystem::path& link_socket) const;

  /// Ends the VMM and the shim: asks first, kills after a few seconds.
  void end();

 private:
  static std::optional<ShimProcess> find_by_socket(const std::filesystem::path& link_socket);
  explicit ShimProcess(UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}
  UniqueFd pidfd_;
};

}  // namespace pyro::vm
