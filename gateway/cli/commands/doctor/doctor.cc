#include "gateway/cli/commands/doctor/doctor.h"

#include <memory>

#include "gateway/cli/session.h"
#include "host-helpers/doctor/doctor.h"

namespace pyro::cli {
namespace {

/// A second, long probe of an accelerator takes most of it.
constexpr std::chrono::seconds kLimit{180};

int examine(Session& session, doctor::Question question) {
  std::error_code gone;
  question.directory = std::filesystem::current_path(gone);
  session.progress().show({"doctor", "examine this host", std::nullopt, std::nullopt});
  const auto report = doctor::examine(question, session.config(), session.stack(),
                                      {.deadline = Clock::now() + kLimit,
                                       .stop = session.signals().token(),
                                       .progress = session.progress_sink()});
  session.progress().finish();
  print_reply<doctor::Report>(session, report, doctor::report_text);
  return 0;
}

}  // namespace

void add_doctor(CliCommand& root, Session& session) {
  auto& command = root.add_command("doctor", "Show what this host can do and what it lacks");
  command.footer =
      "When the registry of the state directory is lost, its workspaces are kept. --repair makes\n"
      "their records anew; they are stopped then. The history of their commands is lost.\n\n"
      "Examples:\n  pyro doctor\n  pyro doctor --json\n  pyro doctor --repair";
  auto question = std::make_shared<doctor::Question>();
  command.add(
      {.name = "--environment", .help = "Environment; default debian:12", .value_name = "ENV"},
      question->environment);
  command.add({.name = "--platform", .help = "Platform; default this host's", .value_name = "P"},
              question->platform);
  command.add_flag("--repair", "Restore what the registry lost or cannot read", question->repair);
  add_json_flag(command, session);
  command.action = [&session, question] { return examine(session, *question); };
}

}  // namespace pyro::cli
