#pragma once

#include <chrono>
#include <string_view>

#include "common/base/error.h"
#include "common/config/config.h"
#include "common/work/work.h"

namespace pyro::vm {

/// How long one step with a guest may take, and the setting that says so.
struct Limit {
  std::chrono::seconds time;
  std::string_view setting{};  ///< empty: no setting moves it

  /// The error that ended a step of this limit, whose caller had `work`: names the limit if that is
  /// what ended it.
  Error explain(const Error& error, const Work& work) const;

  /// Runs `step(work)` within the limit.
  template <class Step>
  auto run(const Work& work, const Step& step) const {
    try {
      return step(work.within(time));
    } catch (const Error& error) {
      throw explain(error, work);
    }
  }
};

/// The limits of `[vm]`.
struct GuestLimits {
  explicit GuestLimits(const VmConfig& config);

  Limit boot;         ///< of each try, until the agent answers
  Limit restore;      ///< the same of a machine that continues from a template
  Limit personalize;  ///< a guest's identity and clock
  Limit monitor;      ///< an answer of the VMM
  Limit mount;        ///< of a workspace's volume; its journal may have to be replayed
  Limit rehearsal;    ///< also of a guest that gives way to all others on a busy host
  Limit network;      ///< a gate, and the guest's addresses
  Limit save;         ///< of a template
};

}  // namespace pyro::vm
