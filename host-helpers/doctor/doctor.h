#pragma once

#include <string>

#include "common/bus/client.h"
#include "common/config/config.h"
#include "common/stack/stack_client.h"
#include "host-helpers/doctor/host_checks.h"
#include "host-helpers/doctor/report.h"

namespace pyro::doctor {

struct Question {
  std::string environment = "debian:12";
  std::string platform{};  ///< empty: this host's
  HasProgram has_program = on_path();
  bool repair = false;                ///< bring back what a lost registry left
  source::SourceOptions source{};     ///< of the server that is asked about
  std::filesystem::path directory{};  ///< in which it is started
};

/// Examines the host and the stack, which is started when it does not run; a stack that does not
/// start is an issue with its fix. It changes nothing unless it is to repair. `options` bounds and
/// cancels the calls. Only a cancellation throws.
Report examine(const Question& question, const Config& config, StackClient& stack,
               const Work& work);

/// The report for a person, on one screen.
std::string report_text(const Report& report);

}  // namespace pyro::doctor
