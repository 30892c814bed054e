#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/config/paths.h"
#include "common/directory_lease/directory_lease.h"
#include "common/ownership/owned_directories.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_limits.h"
#include "services/vm/boot/shim_process.h"
#include "services/vm/drivers/driver.h"
#include "services/vm/machine_record.h"
#include "services/vm/templates/template_store.h"

namespace pyro::vm {

/// A running guest, with its launch.
struct RunningGuest {
  Launch launch;
  ShimProcess shim;
};

/// Restored and paused machines that have rehearsed their first command: a caller gets one in the
/// time of a resume. Each serves one caller, once. They belong to this process: a new one ends
/// those that it finds. Thread-safe.
class StandbyPool {
 public:
  struct Options {
    Paths paths;
    std::filesystem::path shim_program;
    GuestLimits limits;
    OwnedDirectories machines;
  };
  explicit StandbyPool(Options options) : options_(std::move(options)) {}
  StandbyPool(const StandbyPool&) = delete;
  StandbyPool& operator=(const StandbyPool&) = delete;
  ~StandbyPool() { drain(); }

  /// Restores one more, with a gate if `record` has a network: the next one may have one as well.
  /// kUnavailable, kDeadlineExceeded: the template does not start.
  void add(Driver& driver, const MachineRecord& record, const Template& from, const Work& work);

  /// Resumes one of that shape as the machine `vm_id`, and moves its directory there; nullopt:
  /// none.
  std::optional<RunningGuest> take(const std::string& key, const std::string& vm_id,
                                   const Work& work);

  /// The number of machines of that shape; drops those whose VMM has ended.
  std::uint32_t count(const std::string& key);
  std::uint32_t count() const;
  /// Ends those of other shapes.
  void keep_only(const std::string& key);
  /// Ends all.
  void drain();

 private:
  struct Standby {
    std::string key;
    MachinePaths paths;
    RunningGuest guest;
    std::vector<DirectoryLease> leases;  ///< on its environment and kernel
  };
  void end(std::list<Standby> ended);
  /// Removes the machines that `matches` accepts from the list.
  template <class Matches>
  std::list<Standby> remove_if(const Matches& matches);

  Options options_;
  mutable std::mutex mutex_;
  std::list<Standby> standbys_;
};

}  // namespace pyro::vm
