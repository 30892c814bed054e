#include "host-helpers/hosts/examine.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "host-helpers/hosts/host_tools.h"
#include "host-helpers/hosts/start_trial.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using api::Json;

constexpr std::chrono::seconds kVersionLimit{20};

/// The text without the passwords of its URLs.
std::string without_passwords(std::string text) {
  constexpr std::string_view kScheme = "://";
  for (std::size_t at = text.find(kScheme); at != std::string::npos; at = text.find(kScheme, at)) {
    at += kScheme.size();
    const std::size_t end = std::min(text.find_first_of("/?#\" ", at), text.size());
    const std::size_t sign = text.rfind('@', end);
    if (sign != std::string::npos && sign >= at && sign < end) text.replace(at, sign - at, "…");
  }
  return text;
}

void ask_version(const ChatHost& host, const Surroundings& here, HostReport& report) {
  const auto program = here.program(host.program());
  if (!program) return;
  report.program = program->string();
  try {
    const auto result =
        run_command({.argv = {program->string(), "--version"}, .directory = here.home},
                    Clock::now() + kVersionLimit, here.work.stop);
    if (result.status.ok()) {
      report.installed = true;
      report.version = one_line(trim(result.output), 80);
    } else {
      report.details.push_back(fmt::format("`{} --version` failed: {}", host.program(),
                                           one_line(last_words(result), 200)));
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    report.details.push_back(
        fmt::format("`{} --version` failed: {}", host.program(), error.message()));
  }
}

/// Which entry counts, and which do not.
const Place* tell_places(const ChatHost& host, const std::vector<Place>& places,
                         HostReport& report) {
  const Place* counts = nullptr;
  for (const auto& place : places) {
    if (place.entry && !place.not_read) counts = &place;
  }
  for (const auto& place : places) {
    if (!place.entry) continue;
    const PlaceRole role = place.not_read     ? PlaceRole::kNotRead
                           : &place == counts ? PlaceRole::kInForce
                           : host.merges()    ? PlaceRole::kMerged
                                              : PlaceRole::kShadowed;
    report.places.push_back({place.scope, place.file.string(), role});
    const std::string file = place.file.string();
    if (role == PlaceRole::kNotRead) {
      report.details.push_back(
          fmt::format("the entry in '{}' is passed over: {}", file, *place.not_read));
    } else if (role == PlaceRole::kMerged) {
      report.details.push_back(
          fmt::format("'{}' adds to or overrides the entry in '{}'", counts->file.string(), file));
    } else if (role == PlaceRole::kShadowed) {
      report.details.push_back(fmt::format("'{}' ({}) overrides the entry in '{}' ({})",
                                           counts->file.string(), counts->scope, file,
                                           place.scope));
    }
  }
  return counts;
}

bool tell_problems(const ChatHost& host, const std::vector<Place>& places, HostReport& report) {
  bool broken = false;
  std::string told;
  for (const auto& place : places) {
    if (!place.problem || place.file.string() == told) continue;
    told = place.file.string();
    report.details.push_back(
        fmt::format("'{}' cannot be read ({}){}", told, *place.problem,
                    place.not_read ? ""
                    : host.name() == HostName::kClaudeCode && !place.owned
                        ? ": Claude Code passes it over"
                        : fmt::format(": {} does not start with it", host.title())));
    broken = broken || !place.not_read;
  }
  return broken;
}

/// A project's file may name any program: only pyro itself is started for it.
bool may_start(const Place& place, const std::vector<Place>& places, const ChatHost& host,
               const Entry& found, const Entry& wanted) {
  const bool all_owned =
      place.scope != "project" &&
      (!host.merges() || std::none_of(places.begin(), places.end(), [](const Place& other) {
        return other.entry && !other.not_read && other.scope == "project";
      }));
  std::error_code none;
  return all_owned || (fs::equivalent(found.command, wanted.command, none) && !none &&
                       found.args == wanted.args);
}

std::string repair_command(const ChatHost& host, const Question& question, std::string_view verb,
                           const Place* counts) {
  std::string command =
      fmt::format("{} host {} {}", question.pyro, verb, api::name_of(host.name()));
  if (!question.repair_words.empty()) command += " " + question.repair_words;
  if (question.config_path) {
    command += " --config-path " + shell_quote(question.config_path->string());
  } else if (counts != nullptr && !counts->owned && !counts->text) {
    command += " --config-path " + shell_quote(counts->file.string());
  }
  return command;
}

/// What mends an entry that is not the user's own.
std::string mending(const ChatHost& host, const Question& question, const Place* counts) {
  if (counts != nullptr && !counts->owned && host.name() == HostName::kClaudeCode) {
    return fmt::format("cd {} && claude mcp remove pyro -s project",
                       shell_quote(counts->file.parent_path().string()));
  }
  if (counts != nullptr && counts->text) return "unset OPENCODE_CONFIG_CONTENT";
  return repair_command(host, question, "repair", counts);
}

}  // namespace

HostReport examine_host(const ChatHost& host, const Question& question, const Surroundings& here) {
  HostReport report{.host = host.name()};
  ask_version(host, here, report);
  auto places =
      host.places(here, host.name() == HostName::kClaudeCode ? std::nullopt : question.config_path);
  read_places(host.syntax(), places);
  const bool broken = tell_problems(host, places, report);
  const Place* counts = tell_places(host, places, report);
  const auto found = entry_in_force(host, places);
  report.configured = found.has_value();
  if (found) {
    report.scope = counts->scope;
    report.config_path = counts->file.string();
    const Entry entry = host.entry_of(*found);
    const Entry wanted = question.wanted(entry);
    for (const auto& difference : differences(host, *found, wanted)) {
      report.drift.push_back(one_line(without_passwords(difference.sentence), 300));
    }
    if (!entry.command.empty()) {
      for (const auto& word : entry.words()) {
        report.server_command.push_back(printable(without_passwords(word)));
      }
    }
    question.describe_server(entry, report);
    if (!may_start(*counts, places, host, entry, wanted)) {
      report.details.push_back(fmt::format(
          "its command was not tried: '{}' is a project's file, and may name any program",
          counts->file.string()));
    } else if (!entry.command.empty()) {
      bool expands = false;
      for (const auto& word : entry.words()) {
        for (const auto& expansion : host.expansions()) {
          expands = expands || word.find(expansion) != std::string::npos;
        }
      }
      if (expands) {
        report.details.push_back(
            fmt::format("its command was not tried: {} replaces a part of it", host.title()));
      } else {
        report.start = try_start(entry, host.passed_variables(*found), here.directory, here.work);
        if (report.start->error) report.start->error = printable(*report.start->error);
      }
    }
  }
  report.host_tools = host_tools_in(host, here, project_of(here.directory), report.details);
  if (!report.installed) {
    report.status = HostStatus::kUnavailable;
    if (!report.program) {
      report.details.push_back(
          fmt::format("there is no '{}' on PATH: install {}", host.program(), host.title()));
    }
    return report;
  }
  if (broken) {
    report.status = HostStatus::kDrifted;
    const auto bad = std::find_if(places.rbegin(), places.rend(), [](const Place& place) {
      return place.problem && !place.not_read;
    });
    report.repair_command = mending(host, question, &*bad);
  } else if (!found) {
    report.status = HostStatus::kMissing;
    report.repair_command = repair_command(host, question, "connect", nullptr);
  } else if (!report.drift.empty()) {
    report.status = HostStatus::kDrifted;
    report.repair_command = mending(host, question, counts);
  } else if (report.start && !report.start->ok) {
    report.status = HostStatus::kDrifted;
    report.repair_command = fmt::format("{} doctor", question.pyro);
  } else {
    report.status = HostStatus::kOk;
  }
  return report;
}

std::string report_text(const HostsReport& reports) {
  std::string text;
  for (const auto& report : reports.hosts) {
    const auto line = [&text](std::string_view name, std::string_view value) {
      text += fmt::format("  {:<12} {}\n", name, printable(value));
    };
    if (!text.empty()) text += "\n";
    text += fmt::format("{}: {}{}\n", api::name_of(report.host), api::name_of(report.status),
                        report.version ? fmt::format(" ({})", printable(*report.version)) : "");
    if (report.configured) {
      line("entry",
           fmt::format("in '{}' ({})", report.config_path.value_or(""), report.scope.value_or("")));
      line("command", shell_join(report.server_command));
    }
    for (const auto& drift : report.drift) line("drift", drift);
    if (report.start) {
      line("start", report.start->ok
                        ? fmt::format("it starts, with {} tools", report.start->tool_count)
                        : "it does not start: " + report.start->error.value_or(""));
    }
    if (report.project_source) line("source", *report.project_source);
    if (report.environment) line("environment", *report.environment);
    if (report.installed) {
      line("own tools", report.host_tools == HostTools::kDenied
                            ? "denied in this project: it works in sandboxes"
                        : report.host_tools == HostTools::kAllowed
                            ? "allowed (--deny-host-tools denies them in this project)"
                            : "partly denied in this project");
    }
    for (const auto& detail : report.details) line("note", detail);
    if (report.repair_command) line("fix", *report.repair_command);
  }
  return text;
}

}  // namespace pyro::hosts
