#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "common/api/boot_policy.h"
#include "common/config/paths.h"
#include "common/ownership/owned_directories.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_boot.h"
#include "services/vm/boot/guest_host.h"
#include "services/vm/machine_record.h"
#include "services/vm/templates/standby_pool.h"
#include "services/vm/templates/template_store.h"

namespace pyro::vm {

/// The key of a machine's metadata for the source of a warm start: template or standby.
inline constexpr std::string_view kWarmFrom = "warm_from";

/// Starts a machine's guest in the fastest way: resumes a standby machine, else restores a
/// template, else boots. When a fast way fails, it boots and says so.
class GuestStarter {
 public:
  struct Options {
    std::filesystem::path shim_program;
    GuestLimits limits;
    api::BootPolicy boot;
    OwnedDirectories machines;
  };
  GuestStarter(Options options, GuestHost& host, TemplateStore& templates, StandbyPool& standbys)
      : options_(std::move(options)), host_(host), templates_(templates), standbys_(standbys) {}

  /// Returns once the agent has answered and the guest has its identity. Starts on the host itself
  /// if no guest starts and the caller opted into that.
  RunningGuest start(const MachineRecord& record, const MachinePaths& paths, const Work& work);

  /// Whether this machine may start from a template, and get a template for the next.
  bool warm_allowed(const MachineRecord& record) const;

 private:
  struct Attempt;
  struct FailedRestore;
  RunningGuest start_guest(Driver& driver, const Attempt& attempt);
  /// `late`: the restore that ran out of time, if one did.
  std::optional<RunningGuest> start_warm(Driver& driver, const Attempt& attempt,
                                         std::optional<FailedRestore>& late);
  std::optional<RunningGuest> take_standby(const std::string& key, const Attempt& attempt);
  RunningGuest restore(Driver& driver, const Template& from, const Attempt& attempt) const;
  RunningGuest boot(Driver& driver, const Attempt& attempt) const;
  RunningGuest run(Launch launch, const BootLimits& limits, const Attempt& attempt) const;

  Options options_;
  GuestHost& host_;
  TemplateStore& templates_;
  StandbyPool& standbys_;
};

}  // namespace pyro::vm
