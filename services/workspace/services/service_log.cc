#include "services/workspace/services/service_log.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/api/agent_services.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "services/workspace/agent_link.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

namespace wire = api::agent;

constexpr std::uint32_t kPieceBytes = 1U << 20U;
constexpr std::uint64_t kFirstBytes = 64U << 10U;

/// What is kept of a stream from `from` on, to the end that it had at the first look.
LogText read(link::AgentConnection& agent, const ServiceRecord& service, std::uint32_t stream,
             std::uint64_t from, const Work& work) {
  LogText log{.text = {}, .end = from};
  for (std::uint64_t total = from + 1; log.end < total;) {
    wire::LogPart part = agent.call(wire::ReadLog{.job_id = service.job_id,
                                                  .stream = stream,
                                                  .offset = log.end,
                                                  .max_bytes = kPieceBytes},
                                    work);
    if (log.text.empty()) total = std::min(part.total, from + ServiceLogFiles::kMostBytes);
    if (part.offset < log.end) throw internal_error("the guest gives another part of the log");
    log.begins_later = log.begins_later || part.offset > from;
    if (part.data.data.empty()) break;
    log.end = part.offset + part.data.data.size();
    log.text += part.data.data;
  }
  return log;
}

}  // namespace

std::string_view last_lines(std::string_view text, std::uint32_t lines) {
  if (lines == 0) return text;
  std::size_t at = text.size();
  // The line break that ends the last line begins no other.
  if (text.ends_with('\n')) --at;
  for (; at > 0; --at) {
    if (text[at - 1] == '\n' && --lines == 0) break;
  }
  return text.substr(at);
}

/// What is shown of a log, whose text begins with bytes before `from` that tell what belongs to a
/// secret. Of a service that runs the end may be undecided: it is left to the next read.
void ServiceLogFiles::redact(const ServiceRecord& service, LogText& log, std::uint64_t from) const {
  const std::uint64_t begin = log.end - log.text.size();
  const std::size_t first = from > begin ? from - begin : 0;
  for (const auto& redactor : secrets_.redactors_of(service.workspace_id)) {
    const auto found =
        redactor->find(log.text, {.after_gap = begin > 0, .goes_on = service.running()});
    std::string shown;
    for (const auto& [at, end, kind] : found.segments) {
      if (end <= first) continue;
      if (kind == Redactor::Kind::kText) {
        shown.append(log.text, std::max(at, first), end - std::max(at, first));
      } else if (at >= first) {
        shown += Redactor::kMark;
      }
    }
    log.end = std::max(from, begin + found.decided);
    log.text = std::move(shown);
    return;
  }
  log.text.erase(0, first);
}

LogText ServiceLogFiles::part_in_guest(const ServiceRecord& service, const std::string& vm_id,
                                       std::uint32_t stream, std::uint64_t offset,
                                       const Work& work) const {
  auto agent = dial_agent(paths_, vm_id, work);
  const std::uint64_t before = std::min<std::uint64_t>(offset, kLongestSecretForm);
  LogText log = read(agent, service, stream, offset - before, work.within(kAgentGrace));
  redact(service, log, offset);
  return log;
}

LogText ServiceLogFiles::tail_in_guest(const ServiceRecord& service, const std::string& vm_id,
                                       std::uint32_t stream, std::uint32_t lines,
                                       const Work& work) const {
  auto agent = dial_agent(paths_, vm_id, work);
  const wire::LogPart look =
      agent.call(wire::ReadLog{.job_id = service.job_id, .stream = stream, .max_bytes = 1}, work);
  for (std::uint64_t window = lines == 0 ? kMostBytes : kFirstBytes;; window *= 8) {
    window = std::min(window, kMostBytes);
    const std::uint64_t from = look.total - std::min(look.total, window);
    LogText log = read(agent, service, stream, from, work.within(kAgentGrace));
    redact(service, log, from);
    const std::string_view last = last_lines(log.text, lines);
    const bool all_read = from == 0 || window == kMostBytes || log.begins_later;
    if (last.size() == log.text.size() && !all_read) continue;
    log.begins_later = log.begins_later || from > 0 || last.size() < log.text.size();
    log.text = std::string(last);
    return log;
  }
}

std::filesystem::path ServiceLogFiles::file(const ServiceRecord& service,
                                            std::uint32_t stream) const {
  return WorkspacePaths(paths_, service.workspace_id).output(service.session) /
         fmt::format("service-{}.{}", service.job_id, stream == 1 ? "stdout" : "stderr");
}

LogText ServiceLogFiles::tail_kept(const ServiceRecord& service, std::uint32_t stream,
                                   std::uint32_t lines) const {
  LogText log;
  try {
    log.text = read_file(file(service, stream));
  } catch (const Error&) {  // a reset or a delete may remove it at any time
  }
  const std::string_view last = last_lines(log.text, lines);
  log.begins_later = last.size() < log.text.size() || log.text.size() >= kKeptBytes;
  log.end = log.text.size();
  log.text = std::string(last);
  return log;
}

void ServiceLogFiles::keep(const ServiceRecord& service, const std::string& vm_id,
                           const Work& work) const {
  auto agent = dial_agent(paths_, vm_id, work);
  make_private_directory(file(service, 1).parent_path());
  for (const std::uint32_t stream : {1U, 2U}) {
    const wire::LogPart last = agent.call(
        wire::ReadLog{.job_id = service.job_id, .stream = stream, .max_bytes = kKeptBytes},
        work.within(kAgentGrace));
    LogText log{.text = last.data.data, .end = last.offset + last.data.data.size()};
    ServiceRecord ended = service;
    ended.state = api::WorkspaceServiceState::kExited;
    redact(ended, log, last.offset);
    write_file_atomically(file(service, stream), log.text);
  }
}

void ServiceLogFiles::drop(const ServiceRecord& service) const {
  std::error_code ignored;
  for (const std::uint32_t stream : {1U, 2U}) {
    std::filesystem::remove(file(service, stream), ignored);
  }
}

}  // namespace pyro::workspace
