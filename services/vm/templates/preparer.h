#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/api/environment.h"
#include "common/api/prepare.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_host.h"
#include "services/vm/machine_record.h"
#include "services/vm/templates/template_builder.h"

namespace pyro::vm {

/// The proof of `pyro prepare` for one environment: `<directory>/<environment>.json`.
struct Preparation {
  std::string environment;
  std::string environment_version;
  TemplateShape shape;
  bool network_prepared = false;
  double prepared_at = 0;
  std::string verified_in_boot;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &Preparation::environment, "The environment.", api::kRequired);
    f("environment_version", &Preparation::environment_version, "Its version then.");
    f("shape", &Preparation::shape, "The machines that start warm.", api::kRequired);
    f("network_prepared", &Preparation::network_prepared, "Whether with network.");
    f("prepared_at", &Preparation::prepared_at, "Seconds since the epoch.");
    f("verified_in_boot", &Preparation::verified_in_boot,
      "Boot of the host in which the template was last read in full.");
  }
};

/// A machine of the default size.
MachineRecord default_machine(const api::BootFiles& boot);

/// Makes an environment ready for daily use with machines of the default size, and tells whether it
/// is.
class Preparer {
 public:
  Preparer(std::filesystem::path directory, GuestHost& host, TemplateStore& templates,
           TemplateBuilder& builder);

  /// `boot`: of an installed environment. `verify`: reads the template in full.
  api::DailyLoop describe(const std::string& environment, const std::optional<api::BootFiles>& boot,
                          bool verify, const std::stop_token& stop);

  /// Builds the template and reads it in full, unless it is prepared as is wanted and not forced.
  api::PreparedEnvironment prepare(const api::BootFiles& boot,
                                   const api::PrepareEnvironment& wanted, const Work& work);
  /// Records the proof of the existing template: the environment now counts as prepared.
  /// One template serves machines with and without a network; the proof was with it or not.
  api::PreparedEnvironment record(const api::BootFiles& boot, bool with_network,
                                  const std::stop_token& stop);
  /// Removes the records: nothing counts as prepared afterwards.
  void forget();

 private:
  std::filesystem::path manifest_of(const std::string& environment) const;
  void write(const api::BootFiles& boot, const TemplateShape& shape, bool with_network,
             double prepared_at) const;

  std::filesystem::path directory_;
  GuestHost& host_;
  TemplateStore& templates_;
  TemplateBuilder& builder_;
};

}  // namespace pyro::vm
